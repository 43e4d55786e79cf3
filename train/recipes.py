"""How long and with what the network is trained: the recipes, as plain data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """The settings of one training; `training.fit` follows them.

    The loss is always categorical cross-entropy on one-hot labels, the optimizer Adam.
    """

    about: str
    epochs: int
    batch_size: int
    validation_fraction: float  # of the training images; they choose, the test images never do
    learning_rate: float  # the highest one
    cosine: bool = False  # rise from 0 in the first twentieth, fall to 0 along half a cosine
    augment: bool = False  # a new random affine transformation of each image in each epoch
    fade: float = 0.25  # the last part of the training, in which the augmentation fades to none
    leak: float = 0.0  # the slope of dense_1 below zero at first, see leak.FadingLeak
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
        about="52 epochs with augmented images, under 6 minutes",
        epochs=52,
        batch_size=128,
        validation_fraction=1 / 12,
        learning_rate=4e-3,
        cosine=True,
        augment=True,
        leak=0.3,
    ),
}
