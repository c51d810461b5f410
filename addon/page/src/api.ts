export type Kind = "firmware" | "software";

export interface Package {
  id: string;
  kind: Kind;
  model: string;
  version: string;
  source_versions: string[];
  file_name: string;
  size: number;
  sha256: string;
  md5: string | null;
  release_notes: string | null;
  custom_info: string | null;
  withdrawn: boolean;
  remove_at: string | null;
  created_at: string;
}

export interface Transfer {
  grant_id: string;
  device_id: string;
  package_id: string;
  size: number;
  bytes_served: number;
  refusals: number;
  exhausted: boolean;
  active: boolean;
  complete: boolean;
  started_at: string | null;
  updated_at: string | null;
}

export interface Info {
  version: string;
  depot_id: string;
  device_url: string;
  device_url_check: { reachable: boolean | null; detail: string | null };
  max_package_size: number;
  storage: { used: number; free: number; total: number };
  counts: { connections: number; refused_connections: number; wrong_tokens: number; wrong_keys: number };
}

export interface ImageHeader {
  format: string;
  chip: string | null;
  name: string | null;
  version: string | null;
  secure_version: number | null;
  framework: string | null;
  built: string | null;
}

export interface Installations {
  /** Whether anybody has told of any device since the depot started. */
  told: boolean;
  devices: { device_id: string; name: string }[];
}

export interface ShownKey {
  api_key: string;
  /** It is one of the depot's settings and changed only there. */
  configured: boolean;
}

export type Facts = Pick<Package, "kind" | "model" | "version" | "source_versions" | "release_notes" | "custom_info">;
export type Changes = Partial<Omit<Facts, "kind">> & { withdrawn?: boolean; remove_at?: null };

/** A refusal of the depot, in its own words. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    detail: string,
  ) {
    super(detail);
  }
}

/** The depot did not answer at all. */
export class UnreachableError extends Error {}

const PREFIX = "api/v1";
const KEY_PROTOCOLS = ["mqtt-ota", "mqtt-ota.key."] as const;
const KEY_STORE = "mqtt-ota.key";
/** As much of a file as the depot wants to see of it. */
const DEEP = 4 * 1024 * 1024;
const SHALLOW = 1024;

/** Calls of the depot's API. Behind Home Assistant no key is needed; elsewhere it is kept as long as the tab. */
export class Api {
  key: string | null = sessionStorage.getItem(KEY_STORE);

  rememberKey(key: string): void {
    this.key = key;
    sessionStorage.setItem(KEY_STORE, key);
  }

  forgetKey(): void {
    this.key = null;
    sessionStorage.removeItem(KEY_STORE);
  }

  info(): Promise<Info> {
    return this.#json("GET", "/info");
  }

  shownKey(): Promise<ShownKey> {
    return this.#json("GET", "/key");
  }

  /** Exchange the key; a page that was opened with the old one goes on with the new one. */
  async renewKey(): Promise<ShownKey> {
    const shown = await this.#json<ShownKey>("POST", "/key");
    if (this.key !== null) this.rememberKey(shown.api_key);
    return shown;
  }

  change(id: string, changes: Changes): Promise<Package> {
    return this.#json("PATCH", `/packages/${id}`, JSON.stringify(changes), "application/json");
  }

  removeLater(id: string, seconds: number): Promise<Package> {
    return this.#json("DELETE", `/packages/${id}?undo=${seconds}`);
  }

  packageHeader(id: string): Promise<ImageHeader> {
    return this.#json("GET", `/packages/${id}/header`);
  }

  installations(id: string): Promise<Installations> {
    return this.#json("GET", `/packages/${id}/installations`);
  }

  /** Let the depot read a file's header; only of a small file the whole is worth sending. */
  async fileHeader(file: File): Promise<ImageHeader> {
    const beginning = file.slice(0, file.size > DEEP ? SHALLOW : DEEP);
    return this.#json("POST", "/headers", beginning, "application/octet-stream");
  }

  upload(file: File, facts: Facts, onProgress: (sent: number) => void, cancel: AbortSignal): Promise<Package> {
    const request = new XMLHttpRequest();
    request.open("POST", this.#url("/packages"));
    for (const [name, value] of Object.entries(this.#authorization())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(Math.min(event.loaded, file.size));
    const done = new Promise<Package>((resolve, reject) => {
      request.onload = () => {
        try {
          resolve(readAnswer<Package>(request.status, request.responseText));
        } catch (error) {
          reject(error);
        }
      };
      request.onerror = () => reject(new UnreachableError());
      request.onabort = () => reject(new DOMException("", "AbortError"));
    });
    cancel.addEventListener("abort", () => request.abort());
    request.send(uploadForm(file, facts));
    return done;
  }

  openEvents(): WebSocket {
    const url = new URL(this.#url("/events"));
    url.protocol = url.protocol.replace("http", "ws");
    if (this.key === null) return new WebSocket(url);
    const [name, prefix] = KEY_PROTOCOLS;
    return new WebSocket(url, [name, prefix + base64url(this.key)]);
  }

  async hasCertificate(): Promise<boolean> {
    return (await fetch("ca.pem", { method: "HEAD" })).ok;
  }

  #url(path: string): string {
    return new URL(PREFIX + path, document.baseURI).href;
  }

  #authorization(): Record<string, string> {
    return this.key === null ? {} : { Authorization: `Bearer ${this.key}` };
  }

  async #json<T>(method: string, path: string, body?: BodyInit, type?: string): Promise<T> {
    const headers = { ...this.#authorization(), ...(type ? { "Content-Type": type } : {}) };
    let response: Response;
    try {
      response = await fetch(this.#url(path), { method, headers, ...(body ? { body } : {}) });
    } catch {
      throw new UnreachableError();
    }
    return readAnswer(response.status, await response.text());
  }
}

function readAnswer<T>(status: number, text: string): T {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // A proxy between answers in its own way.
    throw new ProblemError(status, "", text.slice(0, 200) || String(status));
  }
  if (status < 300) return body as T;
  const { type = "", detail = "" } = body as { type?: string; detail?: string };
  throw new ProblemError(status, type.replace("urn:mqtt-ota:", ""), detail || String(status));
}

/** The text fields come before the file: the depot checks them before its first byte. */
function uploadForm(file: File, facts: Facts): FormData {
  const form = new FormData();
  form.append("kind", facts.kind);
  form.append("model", facts.model);
  form.append("version", facts.version);
  for (const version of facts.source_versions) form.append("source_versions", version);
  if (facts.release_notes) form.append("release_notes", facts.release_notes);
  if (facts.custom_info) form.append("custom_info", facts.custom_info);
  form.append("file", file, file.name);
  return form;
}

function base64url(text: string): string {
  const raw = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(raw).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
