import { ProblemError, type Facts, type ImageHeader, type Package } from "./api";
import { explain } from "./errors";
import { depot, Rates } from "./state";
import { t } from "./texts";

export type Stage = "reading" | "draft" | "waiting" | "sending" | "storing" | "done" | "failed";

const AT_ONCE = 3;
/** `weather-1.4.0.bin`, `weather_v2.1.bin`: what file names tell when the header does not. */
const NAMED = /^(?<name>.+?)[-_ ]v?(?<version>\d+(?:\.\d+)+[\w.+-]*?)(?:\.(?:bin|uf2|ota|zip|gz|tar|img|hex|elf|signed))*$/i;

/** One file on its way into the depot. */
export class Upload {
  readonly id = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  readonly rates = new Rates();
  stage: Stage = "reading";
  header: ImageHeader | null = null;
  facts: Facts;
  sent = 0;
  error = "";
  conflict = "";
  result: Package | null = null;
  cancelled = new AbortController();

  constructor(readonly file: File) {
    const named = NAMED.exec(file.name)?.groups;
    this.facts = {
      kind: "firmware",
      model: named?.["name"] ?? "",
      version: named?.["version"] ?? "",
      source_versions: [],
      release_notes: null,
      custom_info: null,
    };
  }

  get ready(): boolean {
    const complete = this.facts.model.trim() !== "" && this.facts.version.trim() !== "" && this.file.size > 0;
    return complete && this.conflict === "" && (this.stage === "draft" || this.stage === "failed");
  }

  get rate(): number {
    return this.rates.of("");
  }
}

/** All files that were chosen; a few of them are sent at once. */
export class Uploads extends EventTarget {
  readonly items: Upload[] = [];

  add(files: Iterable<File>): void {
    for (const file of files) {
      const upload = new Upload(file);
      this.items.push(upload);
      void this.#read(upload);
    }
    this.#changed();
  }

  /** Take over what a person typed, and see whether it fits. */
  async edit(upload: Upload, changes: Partial<Facts>): Promise<void> {
    Object.assign(upload.facts, changes);
    upload.error = "";
    this.#changed();
    if (changes.model !== undefined || changes.kind !== undefined) await this.#compare(upload);
  }

  /** Return the files that nothing keeps from being uploaded. */
  ready(): Upload[] {
    return this.items.filter((upload) => upload.ready);
  }

  start(upload: Upload): void {
    if (!upload.ready) return;
    upload.cancelled = new AbortController();
    upload.stage = "waiting";
    upload.error = "";
    this.#changed();
    this.#next();
  }

  /** Leave a file out, or stop sending it. */
  remove(upload: Upload): void {
    upload.cancelled.abort();
    const index = this.items.indexOf(upload);
    if (index >= 0) this.items.splice(index, 1);
    this.#changed();
    this.#next();
  }

  async #read(upload: Upload): Promise<void> {
    try {
      upload.header = await depot.api.fileHeader(upload.file);
      upload.facts.model = upload.header.name ?? upload.facts.model;
      upload.facts.version = upload.header.version ?? upload.facts.version;
    } catch (error) {
      upload.error = explain(error);
    }
    upload.stage = "draft";
    await this.#compare(upload);
  }

  /** Find out before the upload what the depot would refuse after it. */
  async #compare(upload: Upload): Promise<void> {
    const { kind, model } = upload.facts;
    const conflict = noRoom(upload.file) || (await wrongChip(upload.facts, upload.header?.chip));
    // Somebody may have typed on while the depot was asked.
    if (upload.facts.kind !== kind || upload.facts.model !== model) return;
    upload.conflict = conflict;
    this.#changed();
  }

  #next(): void {
    const busy = this.items.filter((each) => each.stage === "sending" || each.stage === "storing").length;
    const waiting = this.items.filter((each) => each.stage === "waiting");
    for (const upload of waiting.slice(0, AT_ONCE - busy)) void this.#send(upload);
  }

  async #send(upload: Upload): Promise<void> {
    upload.stage = "sending";
    upload.sent = 0;
    upload.rates.forget("");
    upload.rates.note("", 0);
    const progress = (sent: number): void => {
      upload.sent = sent;
      upload.rates.note("", sent);
      // The last bytes left; the depot now writes and checks them.
      if (sent >= upload.file.size) upload.stage = "storing";
      this.#changed();
    };
    try {
      upload.result = await depot.api.upload(upload.file, upload.facts, progress, upload.cancelled.signal);
      upload.stage = "done";
      depot.note(upload.result);
    } catch (error) {
      upload.stage = "failed";
      upload.error = explain(error);
      if (error instanceof ProblemError && error.kind === "wrong-chip") await this.#compare(upload);
    }
    this.#changed();
    this.#next();
  }

  #changed(): void {
    this.dispatchEvent(new CustomEvent("changed"));
  }
}

function noRoom(file: File): string {
  const { info } = depot;
  if (info === null) return "";
  if (file.size > info.max_package_size) return t("problems.too_large");
  return file.size > info.storage.free ? t("problems.storage_full") : "";
}

/** Compare with the model's newest package that is offered and names a chip, as the depot does. */
async function wrongChip({ kind, model }: Facts, chip: string | null | undefined): Promise<string> {
  if (!chip) return "";
  const older = depot
    .visible()
    .reverse()
    .filter((pack) => pack.kind === kind && pack.model === model && !pack.withdrawn);
  for (const pack of older) {
    const known = (await depot.api.packageHeader(pack.id).catch(() => null))?.chip;
    if (known) return known === chip ? "" : t("upload.wrong_chip", { chip, known, model, version: pack.version });
  }
  return "";
}

export const uploads = new Uploads();
