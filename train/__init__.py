"""The first stage: from labelled images to a trained float network."""
