import { defineConfig } from "vite";

export default defineConfig({
  // Links are relative: behind a proxy only the browser knows where the page lives.
  base: "./",
  publicDir: false,
  build: {
    outDir: "../mqtt_ota_depot/page/files",
    assetsDir: "page",
    // The security policy forbids data in place of files.
    assetsInlineLimit: 0,
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    target: "es2022",
  },
});
