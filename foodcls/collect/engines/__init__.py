"""Search engines: the addresses of their result pages, and the pictures that stand on them.

registry  the table of engines; checks questions, makes page addresses and parsers
base      what engines share: Question, Access, Engine, Page, Refused, Hit
bing      Bing
google    Google
baidu     Baidu
flickr    Flickr, which needs a key
sample    the sample web on this machine
"""
