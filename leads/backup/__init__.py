"""One file that holds everything: what is in it, how it is sealed, how it is put back."""
