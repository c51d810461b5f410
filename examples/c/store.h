// What survives a power cut: small files that change in one step, and the bytes of the package.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// All return false when the storage refuses; errno says why.
bool keep(const char *name, const char *text);
bool forget(const char *name);

// The text of a small file, to be freed; NULL when there is none.
char *kept(const char *name);

// How many bytes of the package are there.
long long stored(void);
bool append(const void *bytes, size_t count);
bool discard(void);

// Whether the storage holds bytes of this SHA-256.
bool has_hash(const char *sha256);

// Make the package what the next start runs; and, at the start, run it.
bool stage(const char *version);
bool boot(void);
