import { css } from "lit";

/** Looks that all parts of the page share. */
export const shared = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :host {
    display: block;
  }
  [hidden] {
    display: none !important;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }
  h1 {
    font-size: 1.5rem;
    line-height: 1.25;
    font-weight: 500;
    overflow-wrap: anywhere;
  }
  h2 {
    font-size: 1.0625rem;
    font-weight: 500;
  }
  ul {
    list-style: none;
  }
  a {
    color: var(--link);
  }
  svg.icon {
    width: 1.5em;
    height: 1.5em;
    fill: currentcolor;
    flex: none;
    display: block;
  }
  .card {
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    box-shadow: var(--shadow);
    padding: 20px;
  }
  .stack {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 16px;
  }
  .row {
    display: flex;
    gap: 8px;
    align-items: center;
    flex-wrap: wrap;
  }
  .grow {
    flex: 1 1 auto;
    min-width: 0;
  }
  .muted {
    color: var(--muted);
  }
  .small {
    font-size: 0.875rem;
  }
  .text {
    overflow-wrap: anywhere;
    min-width: 0;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  button,
  .button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
  }
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 42px;
    padding: 6px 16px;
    border-radius: 999px;
    border: 1px solid var(--line);
    background: transparent;
    font-weight: 500;
    text-decoration: none;
    cursor: pointer;
    color: var(--text);
    white-space: nowrap;
  }
  button svg.icon,
  .button svg.icon {
    width: 20px;
    height: 20px;
  }
  button:hover:not(:disabled),
  .button:hover {
    background: var(--primary-soft);
  }
  button.primary {
    background: var(--primary);
    border-color: transparent;
    color: var(--on-primary);
  }
  button.primary:hover:not(:disabled) {
    background: var(--primary-strong);
  }
  button.danger {
    color: var(--danger);
  }
  button.danger:hover:not(:disabled) {
    background: var(--danger-soft);
  }
  button.plain {
    border-color: transparent;
  }
  button.round {
    padding: 0;
    width: 42px;
    flex: none;
    border-color: transparent;
  }
  button:disabled {
    cursor: default;
    opacity: 0.55;
  }
  :focus-visible {
    outline: 2px solid var(--link);
    outline-offset: 2px;
  }
  label {
    display: block;
    font-size: 0.875rem;
    color: var(--muted);
    margin-bottom: 4px;
  }
  input,
  select,
  textarea {
    width: 100%;
    min-height: 42px;
    padding: 8px 12px;
    border: 1px solid transparent;
    border-bottom-color: var(--muted);
    border-radius: 10px 10px 4px 4px;
    background: var(--field);
  }
  textarea {
    min-height: 7rem;
    resize: vertical;
    font-size: 0.9375rem;
  }
  progress {
    appearance: none;
    width: 100%;
    height: 8px;
    border: 0;
    border-radius: 999px;
    overflow: hidden;
    background: var(--line);
    display: block;
  }
  progress::-webkit-progress-bar {
    background: var(--line);
  }
  progress::-webkit-progress-value {
    background: var(--primary);
    border-radius: 999px;
    transition: inline-size 0.3s;
  }
  progress::-moz-progress-bar {
    background: var(--primary);
  }
  .badge {
    display: inline-flex;
    align-items: center;
    gap: 4px;
    border-radius: 999px;
    padding: 2px 10px;
    font-size: 0.8125rem;
    font-weight: 500;
    background: var(--primary-soft);
    color: var(--link);
    white-space: nowrap;
  }
  .badge svg.icon {
    width: 16px;
    height: 16px;
  }
  .badge.off {
    background: var(--warning-soft);
    color: var(--warning-text);
  }
  .badge.done {
    background: var(--success-soft);
    color: var(--success-text);
  }
  .badge.bad {
    background: var(--danger-soft);
    color: var(--danger);
  }
  .alert {
    display: flex;
    gap: 10px;
    align-items: flex-start;
    border-radius: 10px;
    padding: 10px 14px;
    background: var(--danger-soft);
    color: var(--danger);
    overflow-wrap: anywhere;
  }
  .alert.warning {
    background: var(--warning-soft);
    color: var(--warning-text);
  }
  .alert svg.icon {
    width: 22px;
    height: 22px;
    margin-top: 1px;
  }
  @media (max-width: 600px) {
    .card {
      padding: 16px;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
`;
