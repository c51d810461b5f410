import { locale, t } from "./texts";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
const STEP = 1000;
const MINUTE = 60;

/** Return a size for people, in powers of 1000 as file managers and disks count. */
export function bytes(count: number): string {
  const exponent = count < STEP ? 0 : Math.min(Math.floor(Math.log10(count) / 3), UNITS.length - 1);
  const value = count / STEP ** exponent;
  return new Intl.NumberFormat(locale(), {
    style: "unit",
    unit: UNITS[exponent] ?? "byte",
    unitDisplay: exponent === 0 ? "long" : "short",
    maximumFractionDigits: value < 10 && exponent > 0 ? 1 : 0,
  }).format(value);
}

export function rate(bytesPerSecond: number): string {
  return t("units.per_second", { amount: bytes(bytesPerSecond) });
}

export function percent(fraction: number): string {
  return new Intl.NumberFormat(locale(), { style: "percent" }).format(fraction);
}

export function number(value: number): string {
  return new Intl.NumberFormat(locale()).format(value);
}

export function date(iso: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

export function day(iso: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(new Date(iso));
}

/** Return a short time to come, rounded the way people say it. */
export function duration(seconds: number): string {
  const [value, unit] = seconds < MINUTE ? [seconds, "second"] : [seconds / MINUTE, "minute"];
  return new Intl.NumberFormat(locale(), {
    style: "unit",
    unit: unit as string,
    unitDisplay: "short",
    maximumFractionDigits: 0,
  }).format(Math.max(1, Math.ceil(value as number)));
}
