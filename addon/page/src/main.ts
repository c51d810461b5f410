import { mdiDownload, mdiPackageVariantClosed, mdiServer, mdiTrayArrowDown } from "@mdi/js";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";

import logo from "../../../docs/brand/icon.svg";
import "./depot-view";
import "./downloads-view";
import { icon } from "./icons";
import "./key-prompt";
import "./package-view";
import "./packages-view";
import { currentRoute, linkTo, type Route, type View } from "./route";
import { depot, Watch } from "./state";
import { shared } from "./styles";
import { loadTexts, t } from "./texts";
import "./undo-bar";
import { uploads } from "./uploads";

const TABS: [View, string][] = [
  ["packages", mdiPackageVariantClosed],
  ["downloads", mdiDownload],
  ["depot", mdiServer],
];

/** The frame of the page: where one is, what is shown, where files are dropped. */
@customElement("ota-page")
export class OtaPage extends LitElement {
  static override styles = [
    shared,
    css`
      header {
        position: sticky;
        top: 0;
        z-index: 2;
        background: var(--surface);
        border-bottom: 1px solid var(--line);
      }
      .bar {
        display: flex;
        align-items: center;
        gap: 12px;
        max-width: 1120px;
        margin: 0 auto;
        padding: 0 20px;
        min-height: 60px;
      }
      .brand {
        display: flex;
        align-items: center;
        gap: 12px;
        font-size: 1.25rem;
        margin-right: auto;
        white-space: nowrap;
      }
      .brand img {
        width: 32px;
        height: 32px;
        display: block;
      }
      nav {
        display: flex;
        align-self: stretch;
      }
      nav a {
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 0 14px;
        color: var(--muted);
        text-decoration: none;
        font-weight: 500;
        border-bottom: 3px solid transparent;
        border-top: 3px solid transparent;
      }
      nav a:hover {
        color: var(--text);
      }
      nav a[aria-current] {
        color: var(--link);
        border-bottom-color: var(--link);
      }
      nav svg.icon {
        width: 20px;
        height: 20px;
      }
      nav a:focus-visible {
        outline-offset: -4px;
      }
      main {
        max-width: 1120px;
        margin: 0 auto;
        padding: 24px 20px 112px;
      }
      main:focus {
        outline: none;
      }
      .lost {
        text-align: center;
        padding: 6px 16px;
        background: var(--warning-soft);
        color: var(--warning-text);
        font-size: 0.875rem;
      }
      .drop {
        position: fixed;
        inset: 12px;
        z-index: 4;
        border: 3px dashed var(--link);
        border-radius: 20px;
        background: color-mix(in srgb, var(--surface) 88%, transparent);
        color: var(--link);
        display: grid;
        place-content: center;
        justify-items: center;
        gap: 12px;
        font-size: 1.25rem;
        pointer-events: none;
      }
      .drop svg.icon {
        width: 64px;
        height: 64px;
      }
      .skip {
        position: absolute;
        left: 12px;
        top: -100px;
        z-index: 5;
        background: var(--surface);
      }
      .skip:focus {
        top: 12px;
      }
      @media (max-width: 600px) {
        .bar {
          flex-wrap: wrap;
          gap: 0;
          padding: 0;
        }
        .brand {
          padding: 10px 16px 2px;
          font-size: 1.125rem;
        }
        .brand img {
          width: 26px;
          height: 26px;
        }
        nav {
          width: 100%;
        }
        nav a {
          flex: 1;
          justify-content: center;
          min-height: 46px;
          padding: 0 4px;
          font-size: 0.875rem;
          gap: 6px;
        }
        main {
          padding: 16px 12px 112px;
        }
      }
    `,
  ];

  @state() private route: Route = currentRoute();
  @state() private dropping = false;

  constructor() {
    super();
    new Watch(this, depot);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("hashchange", this.#onRoute);
    addEventListener("beforeunload", onLeave);
    addEventListener("dragover", this.#onDrag);
    addEventListener("dragleave", this.#onDragLeave);
    addEventListener("drop", this.#onDrop);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("hashchange", this.#onRoute);
    removeEventListener("beforeunload", onLeave);
    removeEventListener("dragover", this.#onDrag);
    removeEventListener("dragleave", this.#onDragLeave);
    removeEventListener("drop", this.#onDrop);
  }

  override render() {
    const locked = depot.connection === "locked";
    return html`
      <header>
        <button class="skip" @click=${this.#skip}>${t("page.skip")}</button>
        <div class="bar">
          <div class="brand"><img src=${logo} alt="" /> MQTT OTA</div>
          ${locked ? nothing : this.#navigation()}
        </div>
        <div role="status">
          ${depot.connection === "lost" ? html`<p class="lost">${t("page.lost")}</p>` : nothing}
        </div>
      </header>
      <main tabindex="-1">${locked ? html`<ota-key-prompt></ota-key-prompt>` : this.#view()}</main>
      ${locked ? nothing : html`<ota-undo-bar></ota-undo-bar>`}
      ${this.dropping ? html`<div class="drop">${icon(mdiTrayArrowDown)} ${t("upload.drop")}</div>` : nothing}
    `;
  }

  #navigation(): TemplateResult {
    const current = this.route.view === "package" ? "packages" : this.route.view;
    const running = depot.active().length;
    return html`<nav aria-label=${t("page.sections")}>
      ${TABS.map(
        ([view, path]) => html`<a href=${linkTo(view)} aria-current=${current === view ? "page" : nothing}>
          ${icon(path)} ${t(`${view as "packages"}.title`)}
          ${view === "downloads" && running > 0 ? html`<span class="badge">${running}</span>` : nothing}
        </a>`,
      )}
    </nav>`;
  }

  #view(): TemplateResult {
    switch (this.route.view) {
      case "package":
        return html`<ota-package-view .packageId=${this.route.id}></ota-package-view>`;
      case "downloads":
        return html`<ota-downloads-view></ota-downloads-view>`;
      case "depot":
        return html`<ota-depot-view></ota-depot-view>`;
      default:
        return html`<ota-packages-view></ota-packages-view>`;
    }
  }

  /** Who cannot see that another part is shown now hears its heading. */
  readonly #onRoute = async (): Promise<void> => {
    this.route = currentRoute();
    await this.updateComplete;
    scrollTo({ top: 0 });
    const view = this.renderRoot.querySelector<LitElement>("main > *");
    await view?.updateComplete;
    view?.renderRoot.querySelector("h1")?.focus();
  };

  #skip(): void {
    this.renderRoot.querySelector("main")?.focus();
  }

  readonly #onDrag = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files") || depot.connection === "locked") return;
    event.preventDefault();
    this.dropping = true;
  };

  readonly #onDragLeave = (event: DragEvent): void => {
    // Leaving one element for another of the same window is not leaving.
    if (event.relatedTarget === null) this.dropping = false;
  };

  readonly #onDrop = (event: DragEvent): void => {
    if (!this.dropping) return;
    event.preventDefault();
    this.dropping = false;
    uploads.add([...(event.dataTransfer?.files ?? [])]);
    location.hash = linkTo("packages");
  };
}

/** Ask before the page is left in the middle of an upload. */
function onLeave(event: Event): void {
  if (uploads.items.some((upload) => upload.stage === "sending" || upload.stage === "waiting")) event.preventDefault();
}

await loadTexts();
document.title = t("page.title");
void depot.connect();
