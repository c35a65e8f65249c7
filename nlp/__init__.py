"""Text → Tags. `Tagger` is the only public entry; all is pure but for reading the package's data files."""
