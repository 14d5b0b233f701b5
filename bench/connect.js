/**
 * pusher-js as it is: for each line on standard input one new client, from `new Pusher` to `connected`.
 *
 *   node connect.js PUSHER_JS KEY OPTIONS    PUSHER_JS is the library's folder, OPTIONS are for it, as JSON
 *   go                          ->  12.34    milliseconds, once the client has been disconnected again
 *
 * Every client is new and opens its own TCP connection. Node has no storage, in which the library would remember a
 * transport.
 */
"use strict";

const readline = require("node:readline");

const [library, key, options] = process.argv.slice(2);
const Pusher = require(library);

function connect() {
  const started = performance.now();
  const pusher = new Pusher(key, JSON.parse(options));
  pusher.connection.bind("error", (error) => fail(`error: ${JSON.stringify(error)}`));
  pusher.connection.bind("unavailable", () => fail("unavailable"));
  pusher.connection.bind("connected", () => {
    const elapsed = performance.now() - started;
    pusher.connection.bind("disconnected", () => process.stdout.write(`${elapsed}\n`));
    pusher.disconnect();
  });
}

function fail(reason) {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}

readline.createInterface({ input: process.stdin }).on("line", connect).on("close", () => process.exit(0));
