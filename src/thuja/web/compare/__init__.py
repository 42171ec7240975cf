"""Two taxa of an index side by side: how alike their pictures are, which are taken for each other, what tells them."""
