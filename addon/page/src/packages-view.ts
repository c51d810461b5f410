import { mdiMagnify, mdiPackageVariantClosed, mdiUpload } from "@mdi/js";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { Package } from "./api";
import { badges, kindIcon } from "./badges";
import * as format from "./format";
import { icon } from "./icons";
import { linkTo } from "./route";
import { depot, Watch } from "./state";
import { shared } from "./styles";
import { locale, t } from "./texts";
import "./upload-card";
import { uploads } from "./uploads";

const ORDERS = ["newest", "model", "size", "downloads"] as const;
type Order = (typeof ORDERS)[number];

/** The list of packages, with search, order and uploads. */
@customElement("ota-packages-view")
export class PackagesView extends LitElement {
  static override styles = [
    shared,
    css`
      .tools {
        display: flex;
        gap: 12px;
        flex-wrap: wrap;
      }
      .search {
        position: relative;
        flex: 1 1 220px;
      }
      .search svg.icon {
        position: absolute;
        left: 12px;
        top: 9px;
        color: var(--muted);
        pointer-events: none;
      }
      .search input {
        padding-left: 44px;
      }
      .order {
        flex: 0 1 200px;
      }
      .end {
        justify-content: flex-end;
      }
      ul.card {
        padding: 8px;
      }
      li > a {
        display: flex;
        gap: 16px;
        align-items: center;
        padding: 12px;
        border-radius: 10px;
        color: inherit;
        text-decoration: none;
      }
      li > a:hover {
        background: var(--field);
      }
      li + li {
        border-top: 1px solid var(--line);
      }
      .kind {
        display: grid;
        place-items: center;
        width: 42px;
        height: 42px;
        border-radius: 50%;
        background: var(--primary-soft);
        color: var(--link);
        flex: none;
      }
      .off .kind {
        background: var(--field);
        color: var(--muted);
      }
      .name {
        font-weight: 500;
      }
      .version {
        color: var(--muted);
        font-weight: 400;
      }
      .marks {
        display: flex;
        gap: 6px;
        flex-wrap: wrap;
        justify-content: flex-end;
      }
      .empty {
        text-align: center;
        padding: 48px 16px;
        border-style: dashed;
        border-width: 2px;
        box-shadow: none;
      }
      .empty svg.icon {
        width: 56px;
        height: 56px;
        margin: 0 auto 12px;
        color: var(--link);
      }
      .empty button {
        margin-top: 20px;
      }
      .empty button svg.icon {
        width: 20px;
        height: 20px;
        margin: 0;
        color: inherit;
      }
      @media (max-width: 600px) {
        li > a {
          flex-wrap: wrap;
          gap: 4px 12px;
        }
        li .grow {
          flex-basis: calc(100% - 54px);
        }
        .marks {
          margin-left: 54px;
        }
        .marks:empty {
          display: none;
        }
        .order {
          flex-basis: 100%;
        }
      }
    `,
  ];

  @state() private wanted = "";
  @state() private order: Order = "newest";
  @query("input[type=file]") private readonly chooser!: HTMLInputElement;

  constructor() {
    super();
    new Watch(this, depot);
    new Watch(this, uploads);
  }

  override render() {
    const all = depot.visible();
    const found = sorted(all.filter((pack) => matches(pack, this.wanted)), this.order);
    return html`<div class="stack">
      <div class="row">
        <h1 class="grow" tabindex="-1">${t("packages.title")}</h1>
        <button class="primary" @click=${() => this.chooser.click()}>${icon(mdiUpload)} ${t("upload.choose")}</button>
        <input type="file" multiple hidden aria-label=${t("upload.choose")} @change=${this.#onChosen} />
      </div>
      ${repeat(
        uploads.items,
        (upload) => upload.id,
        (upload) => html`<ota-upload-card .upload=${upload}></ota-upload-card>`,
      )}
      ${this.#all()} ${all.length === 0 ? this.#nothing() : html`${this.#tools()} ${this.#list(found)}`}
    </div>`;
  }

  #all(): TemplateResult {
    const ready = uploads.ready();
    if (ready.length < 2) return html``;
    return html`<div class="row end">
      <button class="primary" @click=${() => ready.forEach((upload) => uploads.start(upload))}>
        ${icon(mdiUpload)} ${t("upload.all", { count: format.number(ready.length) })}
      </button>
    </div>`;
  }

  #nothing(): TemplateResult {
    if (depot.connection !== "open" || uploads.items.length > 0) return html``;
    return html`<div class="card empty">
      ${icon(mdiPackageVariantClosed)}
      <h2>${t("packages.none")}</h2>
      <p class="muted">${t("packages.none_help")}</p>
      <button @click=${() => this.chooser.click()}>${icon(mdiUpload)} ${t("upload.choose")}</button>
    </div>`;
  }

  #tools(): TemplateResult {
    return html`<div class="tools">
      <div class="search">
        ${icon(mdiMagnify)}
        <input
          type="search"
          aria-label=${t("packages.search")}
          placeholder=${t("packages.search")}
          .value=${this.wanted}
          @input=${(event: Event) => (this.wanted = (event.target as HTMLInputElement).value)}
        />
      </div>
      <select
        class="order"
        aria-label=${t("packages.order")}
        @change=${(event: Event) => (this.order = (event.target as HTMLSelectElement).value as Order)}
      >
        ${ORDERS.map(
          (order) => html`<option value=${order} ?selected=${order === this.order}>${t(`orders.${order}`)}</option>`,
        )}
      </select>
    </div>`;
  }

  #list(found: Package[]): TemplateResult {
    return html`
      <p class="visually-hidden" role="status">
        ${this.wanted ? t("packages.found", { count: format.number(found.length) }) : ""}
      </p>
      ${found.length === 0
        ? html`<p class="card muted">${t("packages.not_found")}</p>`
        : html`<ul class="card" aria-label=${t("packages.title")}>
            ${repeat(
              found,
              (pack) => pack.id,
              (pack) => html`<li class=${pack.withdrawn ? "off" : ""}>${row(pack)}</li>`,
            )}
          </ul>`}
    `;
  }

  #onChosen(): void {
    uploads.add([...(this.chooser.files ?? [])]);
    // Otherwise the same file could not be chosen again.
    this.chooser.value = "";
  }
}

function row(pack: Package): TemplateResult {
  return html`<a href=${linkTo("package", pack.id)}>
    <span class="kind">${kindIcon(pack)}</span>
    <span class="grow text">
      <span class="name"><bdi>${pack.model}</bdi> <bdi class="version">${pack.version}</bdi></span><br />
      <span class="small muted"
        >${t(`kinds.${pack.kind}`)} · ${format.bytes(pack.size)} · ${format.day(pack.created_at)}</span
      >
    </span>
    <span class="marks">${badges(pack)}</span>
  </a>`;
}

function matches(pack: Package, wanted: string): boolean {
  const text = [pack.model, pack.version, pack.file_name, pack.release_notes ?? "", pack.sha256].join("\n");
  return wanted
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => text.toLocaleLowerCase().includes(word));
}

function sorted(packages: Package[], order: Order): Package[] {
  const collator = new Intl.Collator(locale(), { numeric: true, sensitivity: "base" });
  const newest = (one: Package, other: Package): number => other.created_at.localeCompare(one.created_at);
  const running = (pack: Package): number => depot.transfersOf(pack.id).filter((each) => each.active).length;
  const orders: Record<Order, (one: Package, other: Package) => number> = {
    newest,
    model: (one, other) =>
      collator.compare(one.model, other.model) || collator.compare(other.version, one.version),
    size: (one, other) => other.size - one.size,
    downloads: (one, other) => running(other) - running(one),
  };
  // The newest of several from the same second is the last that came.
  return packages.reverse().sort((one, other) => orders[order](one, other) || newest(one, other));
}
