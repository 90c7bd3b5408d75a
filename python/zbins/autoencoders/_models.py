"""Where pickles of 0.1.0 look for an autoencoder, whose parts had other names then."""

raise ImportError(
    "an autoencoder that zbins 0.1.0 pickled cannot be read any more; in that version, write it to "
    "a file with model.save(path), which every version reads with the load of its class"
)
