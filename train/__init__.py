"""The first stage: from labelled images to a trained float network (`dataset.npz`, `float.keras`, `history.json`)."""
