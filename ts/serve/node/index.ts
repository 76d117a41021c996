// Predictions by trained models in Node: with an HTTP server and JPEG.
export * from "../index.ts";
export { decodeJpeg } from "./decode-jpeg.ts";
export { serveHttp, type HttpServer, type ServeOptions } from "./serve-http.ts";
