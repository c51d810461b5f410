// The device protocol: JSON events to checked values, and reports to JSON. See docs/protocol.md.
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>

enum code {
  GOING_WELL = 0,
  BUSY = 1,
  ALREADY_LATEST = 3,
  NO_ROOM = 5,
  CONNECTION_LOST = 6,
  DAMAGED = 7,
  UNSUPPORTED = 8,
  INTERNAL_ERROR = 255,
};

// Why an upgrade ends without the new version: the code to report, and words for people.
struct failure {
  enum code code;
  char reason[256];
};

struct upgrade {
  char version[257];
  char url[2049];
  char token[513];
  char sign[65];
  long long size;
};

// Remember a failure; always returns false.
bool fail(struct failure *failure, enum code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Check a command; returns false, and says which field is wrong.
bool read_upgrade(const cJSON *paras, struct upgrade *upgrade, struct failure *failure);

// Whether two commands are for the same bytes under the same name.
bool same_package(const struct upgrade *one, const struct upgrade *other);

// Both return text to be freed. The version is what runs now; percent is left out when negative.
char *version_report(const char *field, const char *version);
char *progress_report(enum code code, const char *version, int percent, const char *description);
