// The least that any reader of JSON lines has to do: read the file, cut the lines, parse each.
import { createReadStream } from "node:fs";

let kept = Buffer.alloc(0);
let records = 0;
for await (const chunk of createReadStream(process.argv[2], { highWaterMark: 1024 * 1024 })) {
  const bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
  let start = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    if (typeof JSON.parse(bytes.toString("utf8", start, end)) === "object") records += 1;
    start = end + 1;
  }
  kept = bytes.subarray(start);
}
console.log(records);
