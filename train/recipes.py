"""How long and with what the network is trained: the recipes, as plain data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """The settings of one training; `training.fit` follows them.

    The loss is always categorical cross-entropy on one-hot labels, the optimizer Adam, or AdamW with weight
    decay.
    """

    about: str
    epochs: int
    batch_size: int
    validation_fraction: float  # of the training images; they choose, the test images never do
    learning_rate: float  # the highest one
    cosine: bool = False  # rise from 0 in the first twentieth, fall to 0 along half a cosine
    augment: bool = False  # a new random affine transformation of each image in each epoch
    fade: float = 0.25  # the last part of the training, in which the augmentation fades to none
    normalise: bool = False  # dense_1 over the batch, folded into its weights behind the training
    weight_decay: float = 0.0  # of all weights, in each step: the learning rate times this (AdamW)
    patience: int | None = None  # epochs without a smaller validation loss before it stops, keeping the best


RECIPES = {
    "seed": Recipe(
        about="5 short epochs, under a minute",
        epochs=5,
        batch_size=32,
        validation_fraction=0.3,
        learning_rate=1e-3,
        patience=2,
    ),
    "best": Recipe(
        about="100 epochs with augmented images, under 10 minutes",
        epochs=100,
        batch_size=128,
        validation_fraction=1 / 30,
        learning_rate=8e-3,
        cosine=True,
        augment=True,
        normalise=True,
        weight_decay=0.03,
    ),
}
