"""Search engines: the addresses of their result pages, and the pictures that stand on them.

registry     the table of engines; says which of them can be asked, and where
base         what engines share: Question, Access, Terms, Engine, Page, Refused, Hit
answers      what is read of an answer, whatever it holds
official     engines that are asked by their official interface
licences     the names of licences
commons      Wikimedia Commons
openverse    Openverse
inaturalist  iNaturalist
flickr       Flickr, which needs a key
brave        Brave, which needs a key
pexels       Pexels, which needs a key
pixabay      Pixabay, which needs a key
unsplash     Unsplash, which needs a key
ddgs         DuckDuckGo, by the library of that name
crawled      engines whose pages for people are read
bing         Bing
google       Google
baidu        Baidu
sample       the sample web on this machine
"""
