"""Pure figures from predictions; knows no network and no picture.

ranks          the true label's place among all classes, and the array types
metrics        confusion matrix, Wilson's interval, effective sample size
bootstrap      confidence intervals of means, by a bootstrap of whole groups
scores         accuracy, top-k accuracy, macro recall and average position
temperature    temperature scaling, and the threshold of the reject option
calibration    expected calibration error and reliability bins
separation     thresholds, false acceptances and AUROC of one score on two sets
rejection      how many strangers a model takes for one of its classes
predictions    predictions on labeled pictures as a table, written and read
evaluation     all figures of one model
align          brings two models' predictions into the same order
own_worth      how far a crawl is from own photos, and what learning from them was worth
paired_test    whether one model is better than another on the same pictures
"""
