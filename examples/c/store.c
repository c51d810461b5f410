#include "store.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char PART[] = "package.part";
enum { MAX_KEPT = 65536, BLOCK = 4096 };

bool keep(const char *name, const char *text) {
  char temporary[64];
  snprintf(temporary, sizeof temporary, "%s.new", name);
  FILE *file = fopen(temporary, "w");
  if (file == NULL) return false;
  // The file holds a token; the bytes must be on the disk before the name is.
  bool written = fchmod(fileno(file), 0600) == 0 && fputs(text, file) >= 0 && fflush(file) == 0 &&
                 fsync(fileno(file)) == 0;
  written = fclose(file) == 0 && written;
  return written && rename(temporary, name) == 0;
}

bool forget(const char *name) { return unlink(name) == 0 || errno == ENOENT; }

char *kept(const char *name) {
  FILE *file = fopen(name, "r");
  if (file == NULL) return NULL;
  char *text = malloc(MAX_KEPT);
  if (text != NULL) text[fread(text, 1, MAX_KEPT - 1, file)] = '\0';
  fclose(file);
  return text;
}

long long stored(void) {
  struct stat status;
  return stat(PART, &status) == 0 ? (long long)status.st_size : 0;
}

bool append(const void *bytes, size_t count) {
  FILE *file = fopen(PART, "ab");
  if (file == NULL) return false;
  bool written = fwrite(bytes, 1, count, file) == count;
  return fclose(file) == 0 && written;
}

bool discard(void) { return forget(PART); }

bool has_hash(const char *sha256) {
  unsigned char block[BLOCK], digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  size_t count;
  FILE *file = fopen(PART, "rb");
  if (file == NULL) return false;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
  while (good && (count = fread(block, 1, sizeof block, file)) > 0)
    good = EVP_DigestUpdate(context, block, count) == 1;
  good = good && !ferror(file) && EVP_DigestFinal_ex(context, digest, &length) == 1;
  EVP_MD_CTX_free(context);
  fclose(file);
  char text[2 * EVP_MAX_MD_SIZE + 1] = "";
  for (unsigned at = 0; at < length; at++) snprintf(text + 2 * at, 3, "%02x", digest[at]);
  return good && strcmp(text, sha256) == 0;
}

bool stage(const char *version) {
  return rename(PART, "image.new") == 0 && keep("staged", version);
}

// A power cut between any two of these steps is made good at the next start.
bool boot(void) {
  char *version = kept("staged");
  if (version == NULL) return true;
  bool good = (rename("image.new", "image.bin") == 0 || errno == ENOENT) &&
              keep("version", version) && forget("upgrade") && keep("succeeded", "") &&
              forget("staged");
  free(version);
  return good;
}
