#include <gd.h>
#include <gdfontg.h>
#include <gdfontmb.h>
#include <gdfonts.h>
