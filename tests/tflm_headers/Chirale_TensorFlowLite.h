/* The umbrella header: including it makes Arduino's builder find the library. It declares nothing
 * here. */
#pragma once
