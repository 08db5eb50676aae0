// Replaces operator new and delete of the process that it is linked into. Has no functions to call.
#pragma once
