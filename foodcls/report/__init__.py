"""Pages, plots, tables and sentences for people.

report            report.html of one model
model_card        what a model is for, was made of, and can do
comparison        the page of two models on the same pictures
ablation_table    the table of an ablation
by_hand       what people saw on pictures and relabeled, in sentences
sentences         figures in plain sentences
charts            lines, bars and ticks of charts
confusion         the confusion matrix as cells to draw
plots             the confusion matrix as PNG and CSV, the distances of pairs as PNG
thumbnails        pictures and predictions as cards of a page
templates         renders pages that escape every value, and cards
"""
