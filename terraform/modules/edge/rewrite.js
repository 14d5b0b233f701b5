// Runs in CloudFront (cloudfront-js-2.0) before every request for the WebSocket API, and in the local gateway. A Pusher
// client asks for /app/KEY?…; API Gateway knows one path for a stage and answers 403 to all others, so the key moves into
// the query string: /?key=KEY&…. Plain clients ask for / and go through as they are.
//
// ES5.1, no imports: the local gateway's engine knows no more. Names and values of a query string are as the client wrote
// them, percent-encoded, and go out as they are returned.

var PUSHER_PATH = /^\/app\/([^\/]+)\/?$/;

function handler(event) {
    var request = event.request;
    if (request.uri === '/') {
        return request;
    }
    var match = PUSHER_PATH.exec(request.uri);
    var key = match === null ? null : decoded(match[1]);
    if (key === null) {
        return notFound();
    }
    request.uri = '/';
    request.querystring = withKey(key, request.querystring);
    return request;
}

// The path's key first, then what the client sent, repeated parameters included. A `key` of its own is left out, however
// it is written: API Gateway would hand on the last one.
function withKey(key, sent) {
    // Encoded anew: a path may hold + and & as they are, a query may not.
    var querystring = { key: { value: encodeURIComponent(key) } };
    Object.keys(sent).forEach(function (name) {
        if (decoded(name) !== 'key') {
            querystring[name] = sent[name];
        }
    });
    return querystring;
}

// null: what is no UTF-8 behind its percent signs.
function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch (error) {
        return null;
    }
}

function notFound() {
    return {
        statusCode: 404,
        statusDescription: 'Not Found',
        headers: {
            'cache-control': { value: 'no-store' },
            'content-type': { value: 'application/json' }
        },
        body: { encoding: 'text', data: '{"error":"There is nothing at this path. Clients connect to /app/KEY."}' }
    };
}
