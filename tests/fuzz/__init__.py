"""Fuzzing of everything that numpygan reads: targets.py (what is read), bombs.py (files made to
hurt), __main__.py (Atheris).
"""
