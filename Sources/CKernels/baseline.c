#define K(name) name##_baseline
#include "Loops.h"
