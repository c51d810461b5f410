// A download that resumes, with libcurl.
#pragma once

#include "messages.h"

struct patience {
  int tries;
  double first_wait;
};

// Called often, so that MQTT can be served meanwhile; percent is how much is stored.
typedef void serve_function(void *context, int percent);

// Returns true with the verified package in the store. The upgrade may get another token meanwhile.
bool download(const struct upgrade *upgrade, const char *ca_file, struct patience patience,
              serve_function *serve, void *context, struct failure *failure);
