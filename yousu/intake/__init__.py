"""接: every request is taken in once; what can be answered, refused or handed on at once ends here."""
