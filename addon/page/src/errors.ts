import { ProblemError, UnreachableError } from "./api";
import { t, type Key } from "./texts";

const KNOWN: Record<string, Key> = {
  "hash-mismatch": "problems.hash_mismatch",
  "package-not-found": "problems.package_not_found",
  "storage-full": "problems.storage_full",
  "too-large": "problems.too_large",
  unauthorized: "problems.unauthorized",
  "upload-timeout": "problems.upload_timeout",
  "version-exists": "problems.version_exists",
};

/** Return what went wrong, in the person's language where the page knows the case. */
export function explain(error: unknown): string {
  if (error instanceof UnreachableError) return t("problems.unreachable");
  if (error instanceof ProblemError) {
    const key = KNOWN[error.kind];
    return key ? t(key) : error.message;
  }
  return String(error);
}
