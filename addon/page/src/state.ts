import type { ReactiveController, ReactiveControllerHost } from "lit";

import { Api, ProblemError, type Info, type Package, type Transfer } from "./api";

export type Connection = "connecting" | "open" | "lost" | "locked";

type Event =
  | { type: "snapshot"; packages: Package[]; transfers: Transfer[] }
  | { type: "package_added" | "package_changed"; package: Package }
  | { type: "package_removed"; package_id: string }
  | { type: "transfer_changed"; transfer: Transfer }
  | { type: "transfer_removed"; grant_id: string }
  | { type: "installations_changed" };

const FIRST_RETRY = 500;
const LAST_RETRY = 15_000;
const UNAUTHORIZED = 401;
const TOO_MANY = 429;

/** What the page knows of the depot: a snapshot, kept up to date by its events. */
export class Depot extends EventTarget {
  readonly api = new Api();
  readonly packages = new Map<string, Package>();
  readonly transfers = new Map<string, Transfer>();
  readonly rates = new Rates();
  info: Info | null = null;
  /** Grows whenever other devices run something. */
  installations = 0;
  connection: Connection = "connecting";
  /** Why the last key was not taken. */
  refusal: ProblemError | null = null;
  #retry = FIRST_RETRY;
  #socket: WebSocket | null = null;

  /** Find out whether a key is needed, then listen to the events for as long as the page lives. */
  async connect(): Promise<void> {
    this.#set("connecting");
    try {
      this.info = await this.api.info();
    } catch (error) {
      if (error instanceof ProblemError && [UNAUTHORIZED, TOO_MANY].includes(error.status)) {
        this.refusal = this.api.key === null ? null : error;
        this.api.forgetKey();
        this.#set("locked");
      } else {
        this.#connectLater();
      }
      return;
    }
    this.refusal = null;
    this.#listen();
  }

  unlock(key: string): Promise<void> {
    this.api.rememberKey(key);
    return this.connect();
  }

  lock(): void {
    this.api.forgetKey();
    this.packages.clear();
    this.transfers.clear();
    this.info = null;
    this.refusal = null;
    this.#set("locked");
    this.#socket?.close();
  }

  async refreshInfo(): Promise<void> {
    this.info = await this.api.info();
    this.#changed();
  }

  /** Note a package at once that an answer brought; its event comes as well. */
  note(pack: Package): void {
    this.packages.set(pack.id, pack);
    this.#changed();
  }

  /** Return the packages that a person still sees: not those about to be removed. */
  visible(): Package[] {
    return [...this.packages.values()].filter((pack) => pack.remove_at === null);
  }

  models(): string[] {
    return [...new Set(this.visible().map((pack) => pack.model))].sort();
  }

  transfersOf(packageId: string): Transfer[] {
    return [...this.transfers.values()].filter((transfer) => transfer.package_id === packageId);
  }

  active(): Transfer[] {
    return [...this.transfers.values()].filter((transfer) => transfer.active);
  }

  #listen(): void {
    const socket = this.api.openEvents();
    this.#socket = socket;
    socket.onmessage = (message: MessageEvent<string>) => {
      this.#apply(JSON.parse(message.data) as Event);
      this.#changed();
    };
    socket.onclose = () => {
      if (this.#socket === socket && this.connection !== "locked") this.#connectLater();
    };
  }

  #connectLater(): void {
    this.#set("lost");
    setTimeout(() => {
      if (this.connection === "lost") void this.connect();
    }, this.#retry);
    this.#retry = Math.min(this.#retry * 2, LAST_RETRY);
  }

  #apply(event: Event): void {
    switch (event.type) {
      case "snapshot":
        this.packages.clear();
        this.transfers.clear();
        for (const pack of event.packages) this.packages.set(pack.id, pack);
        for (const transfer of event.transfers) this.#noteTransfer(transfer);
        this.#retry = FIRST_RETRY;
        this.connection = "open";
        this.installations += 1;
        break;
      case "package_added":
      case "package_changed":
        this.packages.set(event.package.id, event.package);
        break;
      case "package_removed":
        this.packages.delete(event.package_id);
        break;
      case "transfer_changed":
        this.#noteTransfer(event.transfer);
        break;
      case "transfer_removed":
        this.transfers.delete(event.grant_id);
        this.rates.forget(event.grant_id);
        break;
      case "installations_changed":
        this.installations += 1;
        break;
    }
  }

  #noteTransfer(transfer: Transfer): void {
    this.transfers.set(transfer.grant_id, transfer);
    this.rates.note(transfer.grant_id, transfer.bytes_served);
  }

  #set(connection: Connection): void {
    this.connection = connection;
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new CustomEvent("changed"));
  }
}

const WINDOW = 5000;

/** Speeds, from how a number of bytes grew in the last seconds. */
export class Rates {
  readonly #samples = new Map<string, { at: number; bytes: number }[]>();

  note(id: string, bytes: number, at = performance.now()): void {
    const samples = this.#samples.get(id) ?? [];
    samples.push({ at, bytes });
    while (samples.length > 2 && (samples[0]?.at ?? at) < at - WINDOW) samples.shift();
    this.#samples.set(id, samples);
  }

  /** Return bytes per second, 0 while that is not known. */
  of(id: string): number {
    const samples = this.#samples.get(id) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (!first || !last || last.at - first.at < 200) return 0;
    return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.at - first.at));
  }

  forget(id: string): void {
    this.#samples.delete(id);
  }
}

/** Draws its element again whenever something that it looks at changes. */
export class Watch implements ReactiveController {
  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly target: EventTarget,
  ) {
    host.addController(this);
  }

  readonly #update = (): void => this.host.requestUpdate();

  hostConnected(): void {
    this.target.addEventListener("changed", this.#update);
  }

  hostDisconnected(): void {
    this.target.removeEventListener("changed", this.#update);
  }
}

export const depot = new Depot();
