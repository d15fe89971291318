"""The data analysis backbone: a pipeline per question, from a frozen sandbox to a report.

Two kinds of question: `predict` is answered by a model, `describe` by looking. Everything
here is pure with regard to state: the caller reads inputs at pinned versions and commits
what is returned.

==================  ==========================================================
sandbox             the frozen, sampled, labelled and split data of a question
predicting          a predictive question, from its sandbox to model and report
describing          a descriptive question, from its sandbox to tables and report
==================  ==========================================================

`sandbox` and `checks` know only SQL and are light; the other modules import
scikit-learn, altair and their kind, and are meant to be imported when they are needed.
"""
