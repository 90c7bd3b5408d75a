"""Where older pickles look for an autoencoder, whose parts had other names then."""

raise ImportError(
    "this pickle of an autoencoder was made by an older zbins and cannot be read any more; there, "
    "write the model to a file with model.save(path), which the load of its class reads here too"
)
