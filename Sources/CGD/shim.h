#include <gd.h>
#include <gdfontmb.h>
#include <gdfonts.h>
