"""The course "Backprop by hand, up to a GAN": seven lessons with blanks, and what marks them.

lesson_1.py … lesson_7.py   the lessons, as text with solutions
checks_1.py … checks_7.py   a check for each blank; judging.py: what the checks share
text.py                     makes blanks and notebooks of a lesson
grade.py                    marks a learner's file; plugin.py: the same in pytest
"""

from .grade import check

__all__ = ["check"]
