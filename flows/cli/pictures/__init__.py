"""The commands that look at pictures.

commands      as typed; imports nothing slow, for a quick --help
predict       predict: answers for picture files
duplicates    duplicates: files that repeat a picture
propose       propose: boxes for pictures that have none
suspects      suspects: doubtful labels
worth         worth: what more pictures would add
choose        choose: backbones on the validation pictures
trace         trace: the story of a picture
"""
