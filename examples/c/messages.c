#include "messages.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Above this, a double does not hold every whole number.
static const double MAX_SIZE = 9007199254740992.0;

bool fail(struct failure *failure, enum code code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  failure->code = code;
  vsnprintf(failure->reason, sizeof failure->reason, format, arguments);
  va_end(arguments);
  return false;
}

// Visible ASCII only: anything else could break a request.
static bool read_text(const cJSON *paras, const char *name, char *text, size_t size) {
  const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(paras, name));
  if (value == NULL || *value == '\0' || strlen(value) >= size) return false;
  for (const char *at = value; *at; at++)
    if (*at <= ' ' || *at > '~') return false;
  strcpy(text, value);
  return true;
}

static bool read_sign(const cJSON *paras, char *sign) {
  if (!read_text(paras, "sign", sign, 65) || strlen(sign) != 64) return false;
  for (char *at = sign; *at; at++) {
    if (!isxdigit((unsigned char)*at)) return false;
    *at = (char)tolower((unsigned char)*at);
  }
  return true;
}

bool read_upgrade(const cJSON *paras, struct upgrade *upgrade, struct failure *failure) {
  const cJSON *size = cJSON_GetObjectItemCaseSensitive(paras, "file_size");
  if (!read_text(paras, "url", upgrade->url, sizeof upgrade->url) ||
      (strncmp(upgrade->url, "http://", 7) != 0 && strncmp(upgrade->url, "https://", 8) != 0))
    return fail(failure, INTERNAL_ERROR, "Invalid URI: neither http nor https");
  if (!cJSON_IsNumber(size) || !(size->valuedouble >= 1) || size->valuedouble > MAX_SIZE ||
      size->valuedouble != floor(size->valuedouble))
    return fail(failure, INTERNAL_ERROR, "file_size is no number of bytes");
  upgrade->size = (long long)size->valuedouble;
  if (!read_sign(paras, upgrade->sign)) return fail(failure, DAMAGED, "sign is no SHA-256");
  if (!read_text(paras, "version", upgrade->version, sizeof upgrade->version))
    return fail(failure, INTERNAL_ERROR, "version is missing or malformed");
  if (!read_text(paras, "access_token", upgrade->token, sizeof upgrade->token))
    return fail(failure, INTERNAL_ERROR, "access_token is missing or malformed");
  return true;
}

bool same_package(const struct upgrade *one, const struct upgrade *other) {
  return strcmp(one->version, other->version) == 0 && strcmp(one->sign, other->sign) == 0 &&
         one->size == other->size;
}

static char *event(const char *type, cJSON *paras) {
  cJSON *message = cJSON_CreateObject();
  cJSON *services = cJSON_AddArrayToObject(message, "services");
  cJSON *service = cJSON_CreateObject();
  cJSON_AddItemToArray(services, service);
  cJSON_AddStringToObject(service, "service_id", "$ota");
  cJSON_AddStringToObject(service, "event_type", type);
  cJSON_AddItemToObject(service, "paras", paras);
  char *text = cJSON_PrintUnformatted(message);
  cJSON_Delete(message);
  return text;
}

char *version_report(const char *field, const char *version) {
  cJSON *paras = cJSON_CreateObject();
  cJSON_AddStringToObject(paras, field, version);
  return event("version_report", paras);
}

char *progress_report(enum code code, const char *version, int percent, const char *description) {
  cJSON *paras = cJSON_CreateObject();
  cJSON_AddNumberToObject(paras, "result_code", code);
  cJSON_AddStringToObject(paras, "version", version);
  if (percent >= 0) cJSON_AddNumberToObject(paras, "progress", percent);
  cJSON_AddStringToObject(paras, "description", description);
  return event("upgrade_progress_report", paras);
}
