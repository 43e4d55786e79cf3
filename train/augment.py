"""Augmentation: each image a little rotated, scaled, sheared and shifted, differently every time."""

import tensorflow as tf

ROTATION = 0.2  # radians, either way
SCALE = 0.12  # larger or smaller by up to this part
SHEAR = 0.15  # sideways, by up to this part of the height
SHIFT = 2 / 28  # of the side, either way: two pixels of a 28 x 28 image


def random_affine(images: tf.Tensor, seed: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Each image under an affine transformation of its own about its centre, `strength` (0 to 1) of it.

    `images` is float32 (batch, height, width, channels), and so is the result, interpolated bilinearly; what
    comes in from outside the image has the colour of the nearest edge. `seed` is two int64 numbers: the same
    seed gives the same transformations.
    """
    batch, height, width = tf.unstack(tf.shape(images)[:3])
    draws = strength * tf.random.stateless_uniform([6, batch], seed, minval=-1.0, maxval=1.0)
    angle, stretch_x, stretch_y, shear, shift_x, shift_y = tf.unstack(
        draws * tf.reshape([ROTATION, SCALE, SCALE, SHEAR, SHIFT, SHIFT], [6, 1])
    )

    # The operator wants, for each pixel of the result, where to look in the image: a rotation of a shear of a
    # scaling, about the centre, and a shift.
    cosine, sine = tf.cos(angle), tf.sin(angle)
    scale_x, scale_y = 1.0 + stretch_x, 1.0 + stretch_y
    xx, xy = cosine * scale_x, (cosine * shear - sine) * scale_y
    yx, yy = sine * scale_x, (sine * shear + cosine) * scale_y
    side_x, side_y = tf.cast(width, tf.float32), tf.cast(height, tf.float32)
    centre_x, centre_y = (side_x - 1.0) / 2.0, (side_y - 1.0) / 2.0
    from_x = centre_x - xx * centre_x - xy * centre_y + shift_x * side_x
    from_y = centre_y - yx * centre_x - yy * centre_y + shift_y * side_y
    zeros = tf.zeros_like(angle)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([xx, xy, from_x, yx, yy, from_y, zeros, zeros], axis=1),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
