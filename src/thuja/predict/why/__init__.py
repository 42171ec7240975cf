"""Why an answer was given: rivals, heat maps, a page to look at."""
