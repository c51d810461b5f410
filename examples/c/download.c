#include "download.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "store.h"

enum { BAD_ANSWERS = 3, SILENCE_SECONDS = 30, LONGEST_WAIT = 60 };

// What one request led to.
enum outcome { WHOLE_ANSWER, LOST, BAD_ANSWER, REFUSED };

struct transfer {
  const struct upgrade *upgrade;
  const char *ca_file;
  serve_function *serve;
  void *context;
  CURL *curl;
  char etag[256];
  bool pieced;
  int storage_error;
};

static void serve(struct transfer *transfer) {
  transfer->serve(transfer->context, (int)(stored() * 100 / transfer->upgrade->size));
}

static long status_of(CURL *curl) {
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

static size_t on_bytes(char *bytes, size_t unit, size_t count, void *context) {
  struct transfer *transfer = context;
  long status = status_of(transfer->curl);
  // The body of any other answer is for nobody.
  if (status != 200 && status != 206) return unit * count;
  if (stored() + (long long)(unit * count) > transfer->upgrade->size) return 0;
  if (!append(bytes, unit * count)) {
    transfer->storage_error = errno;
    return 0;
  }
  serve(transfer);
  return unit * count;
}

static size_t on_header(char *line, size_t unit, size_t count, void *context) {
  struct transfer *transfer = context;
  char value[201];
  char text[sizeof transfer->etag + 8];
  size_t length = unit * count < sizeof text ? unit * count : sizeof text - 1;
  memcpy(text, line, length);
  text[length] = '\0';
  // Weak tags are of no use for ranges, and do not match here.
  if (strncasecmp(text, "etag:", 5) == 0 && sscanf(text + 5, " \"%200[!#-~]\"", value) == 1)
    snprintf(transfer->etag, sizeof transfer->etag, "\"%s\"", value);
  return unit * count;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
  (void)a, (void)b, (void)c, (void)d;
  serve(context);
  return 0;
}

static struct curl_slist *prepare(struct transfer *transfer, long long start) {
  CURL *curl = transfer->curl;
  char line[600];
  snprintf(line, sizeof line, "Authorization: Bearer %s", transfer->upgrade->token);
  struct curl_slist *headers = curl_slist_append(NULL, line);
  if (start > 0 && transfer->etag[0] != '\0') {
    snprintf(line, sizeof line, "If-Range: %s", transfer->etag);
    headers = curl_slist_append(headers, line);
  }
  if (start == 0) transfer->etag[0] = '\0';
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, transfer->upgrade->url);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  // curl itself refuses an answer that does not continue from here.
  curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)start);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)SILENCE_SECONDS);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_SECONDS);
  if (transfer->ca_file != NULL) curl_easy_setopt(curl, CURLOPT_CAINFO, transfer->ca_file);
  return headers;
}

static enum outcome refused(struct failure *failure, long status) {
  bool is_address = status == 404 || status == 410 || (status >= 300 && status < 400);
  fail(failure, INTERNAL_ERROR, is_address ? "Invalid URI: depot answered %ld"
                                           : "depot refused the download: %ld", status);
  return REFUSED;
}

static enum outcome judge(struct transfer *transfer, CURLcode result, long long start,
                          struct failure *failure) {
  long status = status_of(transfer->curl);
  if (transfer->storage_error != 0) {
    fail(failure, transfer->storage_error == ENOSPC ? NO_ROOM : INTERNAL_ERROR, "storage: %s",
         strerror(transfer->storage_error));
    return REFUSED;
  }
  fail(failure, CONNECTION_LOST, "Connection lost: %s", curl_easy_strerror(result));
  if (result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE) {
    // Some tries, as clocks may be late at boot.
    fail(failure, INTERNAL_ERROR, "certificate is not trusted");
    return LOST;
  }
  if (status == 408 || status == 429 || status >= 500) return LOST;
  if (result == CURLE_RANGE_ERROR || result == CURLE_WRITE_ERROR || status == 416 ||
      (status == 206 && start == 0)) {
    fail(failure, CONNECTION_LOST, "depot does not go on from byte %lld (%ld)", start, status);
    return BAD_ANSWER;
  }
  if (status >= 300) return refused(failure, status);
  if (result == CURLE_OK && stored() != transfer->upgrade->size) {
    fail(failure, CONNECTION_LOST, "depot has another size");
    return BAD_ANSWER;
  }
  return result == CURLE_OK ? WHOLE_ANSWER : LOST;
}

static enum outcome request(struct transfer *transfer, struct failure *failure) {
  long long start = stored();
  struct curl_slist *headers = prepare(transfer, start);
  CURLcode result = curl_easy_perform(transfer->curl);
  enum outcome outcome = judge(transfer, result, start, failure);
  if (start > 0) transfer->pieced = true;
  curl_slist_free_all(headers);
  return outcome;
}

static void pause_for(struct transfer *transfer, double seconds) {
  const double slice = 0.05;
  for (double left = seconds < LONGEST_WAIT ? seconds : LONGEST_WAIT; left > 0; left -= slice) {
    usleep((useconds_t)((left < slice ? left : slice) * 1e6));
    serve(transfer);
  }
}

// Ask until every byte is there, or patience ends: only a new mark counts as progress.
static bool fetch(struct transfer *transfer, struct patience patience, struct failure *failure) {
  long long mark = stored();
  int tries = 0, bad_answers = 0;
  double wait = patience.first_wait;
  while (stored() < transfer->upgrade->size) {
    enum outcome outcome = request(transfer, failure);
    if (outcome == REFUSED) return false;
    if (outcome == WHOLE_ANSWER) break;
    if (outcome == BAD_ANSWER) {
      discard();
      mark = 0;
      if (++bad_answers > BAD_ANSWERS) return false;
    }
    if (stored() > mark) {
      mark = stored();
      tries = 0;
      wait = patience.first_wait;
    }
    if (++tries > patience.tries) return false;
    pause_for(transfer, wait);
    wait *= 2;
  }
  return true;
}

bool download(const struct upgrade *upgrade, const char *ca_file, struct patience patience,
              serve_function *serve, void *context, struct failure *failure) {
  struct transfer transfer = {.upgrade = upgrade, .ca_file = ca_file, .serve = serve,
                              .context = context, .curl = curl_easy_init(),
                              .pieced = stored() > 0};
  if (transfer.curl == NULL) return fail(failure, INTERNAL_ERROR, "no HTTP client");
  bool good = fetch(&transfer, patience, failure);
  bool verified = good && has_hash(upgrade->sign);
  if (good && !verified && transfer.pieced) {
    // Pieces of different files may have met: once more, in one piece.
    discard();
    good = fetch(&transfer, patience, failure);
    verified = good && has_hash(upgrade->sign);
  }
  curl_easy_cleanup(transfer.curl);
  if (good && !verified) {
    discard();
    fail(failure, DAMAGED, "SHA-256 differs");
  }
  return verified;
}
