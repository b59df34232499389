"""评: the citizen is called back and says whether it was solved; what was not is done again."""
