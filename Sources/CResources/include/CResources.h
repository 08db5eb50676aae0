// Files that travel inside the command, so that the installed command is one file.
#pragma once
#include <stddef.h>

typedef struct {
    const char *name;
    const unsigned char *bytes;
    size_t count;
} ganymede_resource;

/// The embedded file called `name`, or one whose `bytes` is NULL.
ganymede_resource ganymede_resource_named(const char *name);
