// A whole device: answers queries, carries out upgrades, reports. Settings are in the environment.
// It ends with 0 when an upgrade has to be started: whatever starts it starts it again.
#include <curl/curl.h>
#include <mosquitto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "download.h"
#include "messages.h"
#include "store.h"

enum { INBOX = 64, KEEPALIVE = 60, STEP = 10, LAST_WORDS_TENTHS = 20 };

// What the thread of libmosquitto hands over to the main one, which does all the work.
struct happening {
  enum { SUBSCRIBED, MESSAGE, PUBLISHED } kind;
  int mid;
  char *payload;
};

struct device {
  struct mosquitto *mqtt;
  const char *id, *kind;
  char down[512], up[512];
  pthread_mutex_t lock;
  struct happening inbox[INBOX];
  int waiting;
  struct upgrade upgrade;
  bool upgrading;
  int told;
  int result_mid, last_words_mid;
};

static const char *setting(const char *name, const char *otherwise) {
  const char *value = getenv(name);
  if (value != NULL && *value != '\0') return value;
  if (otherwise != NULL) return otherwise;
  fprintf(stderr, "%s is not set\n", name);
  exit(2);
}

static const char *optional(const char *name) {
  const char *value = setting(name, "");
  return *value != '\0' ? value : NULL;
}

static void must(bool good, const char *what) {
  if (good) return;
  perror(what);
  exit(1);
}

static void hand_over(struct device *device, struct happening happening) {
  pthread_mutex_lock(&device->lock);
  bool fits = device->waiting < INBOX;
  if (fits) device->inbox[device->waiting++] = happening;
  pthread_mutex_unlock(&device->lock);
  if (fits) return;
  fprintf(stderr, "too many messages at once: one is lost\n");
  free(happening.payload);
}

static void on_connect(struct mosquitto *mqtt, void *context, int code) {
  struct device *device = context;
  if (code != 0) fprintf(stderr, "broker refuses: %s\n", mosquitto_connack_string(code));
  else mosquitto_subscribe(mqtt, NULL, device->down, 1);
}

static void on_subscribe(struct mosquitto *mqtt, void *context, int mid, int count,
                         const int *qos) {
  (void)mqtt, (void)count, (void)qos;
  hand_over(context, (struct happening){.kind = SUBSCRIBED, .mid = mid});
}

static void on_publish(struct mosquitto *mqtt, void *context, int mid) {
  (void)mqtt;
  hand_over(context, (struct happening){.kind = PUBLISHED, .mid = mid});
}

static void on_message(struct mosquitto *mqtt, void *context,
                       const struct mosquitto_message *message) {
  (void)mqtt;
  char *payload = strndup(message->payload ? message->payload : "", (size_t)message->payloadlen);
  hand_over(context, (struct happening){.kind = MESSAGE, .payload = payload});
}

// Publish and free a message; returns its number, or 0.
static int publish(struct device *device, char *payload) {
  int mid = 0;
  if (payload == NULL) return 0;
  int result = mosquitto_publish(device->mqtt, &mid, device->up, (int)strlen(payload), payload, 1,
                                 false);
  if (result != MOSQ_ERR_SUCCESS) fprintf(stderr, "not sent: %s\n", mosquitto_strerror(result));
  free(payload);
  return result == MOSQ_ERR_SUCCESS ? mid : 0;
}

static void report_version(struct device *device) {
  char *version = kept("version");
  if (version == NULL) return;
  bool is_firmware = strcmp(device->kind, "firmware") == 0;
  publish(device, version_report(is_firmware ? "fw_version" : "sw_version", version));
  free(version);
}

static char *report(enum code code, int percent, const char *description) {
  char *version = kept("version");
  if (version == NULL) return NULL;
  char *text = progress_report(code, version, percent, description);
  free(version);
  return text;
}

// A result is due until the broker has it.
static void send_result(struct device *device) {
  char *result = kept("result");
  if (result == NULL || device->result_mid != 0) free(result);
  else device->result_mid = publish(device, result);
}

static void take_command(struct device *device, const char *type, const cJSON *paras) {
  struct upgrade wanted;
  struct failure failure;
  char *version = kept("version");
  bool good = read_upgrade(paras, &wanted, &failure);
  if (strncmp(type, device->kind, strlen(device->kind)) != 0)
    good = fail(&failure, UNSUPPORTED, "this device has none of its own");
  else if (good && device->upgrading && !same_package(&wanted, &device->upgrade))
    good = fail(&failure, BUSY, "busy with %.200s", device->upgrade.version);
  else if (good && version != NULL && strcmp(wanted.version, version) == 0)
    good = fail(&failure, ALREADY_LATEST, "runs already");
  free(version);
  if (!good) {
    fprintf(stderr, "refused: %s\n", failure.reason);
    publish(device, report(failure.code, -1, failure.reason));
    return;
  }
  // Kept before it is begun, so that a restart cannot lose it.
  char *text = cJSON_PrintUnformatted(paras);
  must(text != NULL && keep("upgrade", text) && forget("result"), "keeping the command");
  cJSON_free(text);
  device->upgrade = wanted;
  device->upgrading = true;
}

static void read_event(struct device *device, const cJSON *service) {
  const cJSON *id = cJSON_GetObjectItemCaseSensitive(service, "service_id");
  const char *type =
      cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(service, "event_type"));
  if (!cJSON_IsString(id) || strcmp(id->valuestring, "$ota") != 0 || type == NULL) return;
  if (strcmp(type, "version_query") == 0) report_version(device);
  if (strcmp(type, "firmware_upgrade") == 0 || strcmp(type, "software_upgrade") == 0)
    take_command(device, type, cJSON_GetObjectItemCaseSensitive(service, "paras"));
}

static void read_message(struct device *device, const char *payload) {
  cJSON *message = cJSON_Parse(payload);
  const cJSON *named = cJSON_GetObjectItemCaseSensitive(message, "object_device_id");
  const cJSON *services = cJSON_GetObjectItemCaseSensitive(message, "services");
  const cJSON *service;
  // A message for another device is for a gateway, which this one is not.
  if (!cJSON_IsString(named) || strcmp(named->valuestring, device->id) == 0)
    cJSON_ArrayForEach(service, services) read_event(device, service);
  cJSON_Delete(message);
}

static void handle(struct device *device, const struct happening *happening) {
  switch (happening->kind) {
    case SUBSCRIBED:
      report_version(device);
      send_result(device);
      break;
    case MESSAGE:
      read_message(device, happening->payload);
      break;
    case PUBLISHED:
      if (happening->mid == device->last_words_mid) device->last_words_mid = 0;
      if (happening->mid != device->result_mid) break;
      device->result_mid = 0;
      must(forget("result"), "forgetting the result");
  }
}

static void serve(struct device *device) {
  struct happening now;
  for (;;) {
    pthread_mutex_lock(&device->lock);
    bool any = device->waiting > 0;
    if (any) {
      now = device->inbox[0];
      memmove(device->inbox, device->inbox + 1, (size_t)--device->waiting * sizeof now);
    }
    pthread_mutex_unlock(&device->lock);
    if (!any) return;
    handle(device, &now);
    free(now.payload);
  }
}

static void serve_download(void *context, int percent) {
  struct device *device = context;
  serve(device);
  if (percent < device->told + STEP || percent >= 100) return;
  device->told = percent;
  publish(device, report(GOING_WELL, percent, "downloading"));
}

// Returns whether the device has to start anew.
static bool carry_out(struct device *device) {
  struct patience patience = {.tries = atoi(setting("OTA_TRIES", "20")),
                              .first_wait = atof(setting("OTA_FIRST_WAIT", "1"))};
  struct failure failure;
  // The bytes of an earlier attempt are worth something for the same package only.
  char *sign = kept("part.sign");
  if (sign == NULL || strcmp(sign, device->upgrade.sign) != 0) must(discard(), "discarding");
  free(sign);
  must(keep("part.sign", device->upgrade.sign), "keeping the hash");
  device->told = 0;
  bool good = download(&device->upgrade, optional("OTA_CA"), patience, serve_download, device,
                       &failure);
  device->upgrading = false;
  if (good) {
    device->last_words_mid = publish(device, report(GOING_WELL, 100, "restarting"));
    for (int tenth = 0; device->last_words_mid != 0 && tenth < LAST_WORDS_TENTHS; tenth++) {
      usleep(100000);
      serve(device);
    }
    must(stage(device->upgrade.version), "staging");
    return true;
  }
  fprintf(stderr, "failed: %s\n", failure.reason);
  char *result = report(failure.code, -1, failure.reason);
  must(result != NULL && keep("result", result) && forget("upgrade"), "keeping the result");
  free(result);
  send_result(device);
  return false;
}

// Start what was staged, and find out what is still to be done.
static void wake(struct device *device) {
  must(chdir(setting("OTA_FOLDER", ".")) == 0, "OTA_FOLDER");
  must(access("version", F_OK) == 0 || keep("version", setting("OTA_VERSION", NULL)), "version");
  must(boot(), "booting");
  if (access("succeeded", F_OK) == 0) {
    char *result = report(GOING_WELL, 100, "upgrade success");
    must(result != NULL && keep("result", result) && forget("succeeded"), "keeping the result");
    free(result);
  }
  char *text = kept("upgrade");
  cJSON *paras = text != NULL ? cJSON_Parse(text) : NULL;
  struct failure failure;
  device->upgrading = paras != NULL && read_upgrade(paras, &device->upgrade, &failure);
  cJSON_Delete(paras);
  free(text);
}

static void connect_to_broker(struct device *device) {
  struct mosquitto *mqtt = mosquitto_new(device->id, true, device);
  must(mqtt != NULL, "MQTT client");
  device->mqtt = mqtt;
  mosquitto_username_pw_set(mqtt, optional("OTA_USERNAME"), optional("OTA_PASSWORD"));
  if (optional("OTA_BROKER_CA") != NULL)
    must(mosquitto_tls_set(mqtt, optional("OTA_BROKER_CA"), NULL, NULL, NULL, NULL) == 0, "CA");
  mosquitto_connect_callback_set(mqtt, on_connect);
  mosquitto_subscribe_callback_set(mqtt, on_subscribe);
  mosquitto_publish_callback_set(mqtt, on_publish);
  mosquitto_message_callback_set(mqtt, on_message);
  mosquitto_reconnect_delay_set(mqtt, 1, 60, true);
  mosquitto_connect_async(mqtt, setting("OTA_BROKER", NULL), atoi(setting("OTA_PORT", "1883")),
                          KEEPALIVE);
  must(mosquitto_loop_start(mqtt) == MOSQ_ERR_SUCCESS, "MQTT thread");
}

int main(void) {
  static struct device device = {.lock = PTHREAD_MUTEX_INITIALIZER};
  device.id = setting("OTA_DEVICE_ID", NULL);
  device.kind = setting("OTA_KIND", "firmware");
  const char *prefix = setting("OTA_PREFIX", "$oc/devices");
  snprintf(device.down, sizeof device.down, "%s/%s/sys/events/down", prefix, device.id);
  snprintf(device.up, sizeof device.up, "%s/%s/sys/events/up", prefix, device.id);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  mosquitto_lib_init();
  wake(&device);
  connect_to_broker(&device);
  while (!device.upgrading || !carry_out(&device)) {
    serve(&device);
    usleep(50000);
  }
  mosquitto_disconnect(device.mqtt);
  mosquitto_loop_stop(device.mqtt, false);
  mosquitto_destroy(device.mqtt);
  mosquitto_lib_cleanup();
  curl_global_cleanup();
  // What arrived while the last words were sent.
  for (int at = 0; at < device.waiting; at++) free(device.inbox[at].payload);
  return 0;
}
