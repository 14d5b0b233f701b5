/**
 * Pusher's own libraries, driven line by line: a JSON object in is a command, a JSON object out its answer or an event.
 *
 *   {"id": 1, "do": "connect", "client": "ana", …}  ->  {"answer": 1, "result": …} or {"answer": 1, "failure": {…}}
 *   {"seq": 7, "client": "ana", "kind": "state", …}     whatever a client hears, in the order in which it hears it
 *
 * Nothing of the libraries is changed or replaced. The commands are the methods of `commands`.
 */
"use strict";

const readline = require("node:readline");
const Pusher = require("pusher-js");
const Server = require("pusher");

const clients = new Map();
const grants = new Map();
let seq = 0;
let asked = 0;

function write(value) {
  process.stdout.write(JSON.stringify(value) + "\n");
}

/** Report what a client heard. `undefined` fields are left out by JSON, which is how a test sees "no data". */
function report(client, kind, fields) {
  write({ seq: ++seq, client, kind, ...fields });
}

/** What can be written of anything that a callback gets: `Members` and errors have more to them than JSON shows. */
function plain(value) {
  if (value && typeof value.each === "function" && "myID" in value) {
    const members = Object.entries(value.members).map(([id, info]) => [id, info ?? null]);
    return { members: Object.fromEntries(members), count: value.count, myID: value.myID, me: value.me };
  }
  return value instanceof Error ? { name: value.name, message: value.message } : value;
}

function held(name) {
  const found = clients.get(name);
  if (!found) throw new Error(`no client is called ${name}`);
  return found;
}

function server(app) {
  return new Server({ useTLS: false, ...app });
}

/** Sign for a client with Node's library, or, for a client without `signer`, wait for a `grant` from the test. */
function authorize(held, request, callback) {
  const { name, signer } = held;
  if (!signer) {
    grants.set(++asked, callback);
    report(name, "ask", { grant: asked, ...request });
    return;
  }
  try {
    callback(null, sign(held, server(signer), request));
  } catch (error) {
    callback(error, null);
  }
}

function sign(held, sdk, { socketId, channelName }) {
  if (channelName === undefined) return sdk.authenticateUser(socketId, held.user);
  return sdk.authorizeChannel(socketId, channelName, held.members.get(channelName));
}

function listen(name, pusher) {
  pusher.connection.bind("state_change", ({ previous, current }) => report(name, "state", { previous, current }));
  pusher.connection.bind("error", (error) => report(name, "error", { error: plain(error) }));
  pusher.connection.bind("connecting_in", (seconds) => report(name, "retry", { seconds }));
  pusher.connection.bind("message", (frame) => report(name, "frame", { frame }));
  pusher.user.bind_global((event, data) => report(name, "user", { event, data: plain(data) }));
  pusher.user.watchlist.bind_global((event, data) => report(name, "watchlist", { event, data }));
}

const commands = {
  /** `options` go to the library as they are; `signer` is the Node library's app, `user` the user data of signin. */
  connect({ client: name, key, options, signer, user }) {
    const held = { name, signer, user, members: new Map() };
    held.pusher = new Pusher(key, {
      ...options,
      channelAuthorization: { customHandler: (request, callback) => authorize(held, request, callback) },
      userAuthentication: { customHandler: (request, callback) => authorize(held, request, callback) },
    });
    clients.set(name, held);
    listen(name, held.pusher);
  },

  /** Connect again. */
  reconnect({ client }) {
    held(client).pusher.connect();
  },

  /** `member` is the presence data that is signed; `bind` names events whose metadata are wanted. */
  subscribe({ client, channel: name, member, bind = [] }) {
    const { pusher, members } = held(client);
    members.set(name, member);
    const channel = pusher.subscribe(name);
    channel.bind_global((event, data) => report(client, "event", { channel: name, event, data: plain(data) }));
    for (const event of bind) {
      channel.bind(event, (data, metadata) => report(client, "bound", { channel: name, event, data, metadata }));
    }
  },

  unsubscribe({ client, channel }) {
    held(client).pusher.unsubscribe(channel);
  },

  trigger({ client, channel, event, data }) {
    return held(client).pusher.channel(channel).trigger(event, data);
  },

  signin({ client, user }) {
    const found = held(client);
    found.user = user ?? found.user;
    found.pusher.signin();
  },

  /** Send any frame. */
  send({ client, event, data, channel }) {
    return held(client).pusher.send_event(event, data, channel);
  },

  /** Answer a client's question for a signature, with `auth` or with an `error`. */
  grant({ grant, auth, error }) {
    const callback = grants.get(grant);
    grants.delete(grant);
    callback(error === undefined ? null : new Error(error), auth ?? null);
  },

  /** What a client knows of itself and of a channel. */
  inspect({ client, channel: name }) {
    const { pusher } = held(client);
    const { connection, user } = pusher;
    const channel = name === undefined ? undefined : pusher.channel(name);
    return {
      state: connection.state,
      socketId: connection.socket_id ?? null,
      willRetry: Boolean(connection.retryTimer),
      user: user.user_data ?? null,
      subscribed: channel?.subscribed ?? null,
      subscriptionCount: channel?.subscriptionCount ?? null,
      members: channel?.members ? plain(channel.members) : null,
    };
  },

  /** End every client whose name begins with `prefix`, and forget it. */
  close({ prefix }) {
    for (const [name, { pusher }] of clients) {
      if (name.startsWith(prefix)) {
        pusher.disconnect();
        clients.delete(name);
      }
    }
  },

  disconnect({ client }) {
    held(client).pusher.disconnect();
  },

  /** Call a method of the server library: `trigger`, `triggerBatch`, `get`, … */
  async server({ app, call, args }) {
    const response = await server(app)[call](...args);
    return { status: response.status, body: await response.json() };
  },

  /** Let the server library judge a webhook. `extra` are further tokens, `{key, secret}` each. */
  webhook({ app, headers, body, extra }) {
    const webhook = server(app).webhook({ headers, rawBody: body });
    const valid = webhook.isValid(extra);
    return { valid, events: valid ? webhook.getEvents() : null, time: valid ? webhook.getTime().getTime() : null };
  },
};

function failureOf(error) {
  return { name: error.name, message: error.message, status: error.status ?? null, body: error.body ?? null };
}

// pusher-js throws where it hears what is no frame of Pusher's, such as API Gateway's own when a Lambda crashed.
process.on("uncaughtException", (error) => report(null, "crash", { error: failureOf(error) }));

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { id, do: name, ...rest } = JSON.parse(line);
  try {
    write({ answer: id, result: (await commands[name](rest)) ?? null });
  } catch (error) {
    write({ answer: id, failure: failureOf(error) });
  }
}).on("close", () => process.exit(0));
