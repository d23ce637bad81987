// The connection to the trainer of one game. Layout of a message: numpygan/pages/study_page.py,
// layout().

const KINDS = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u1: Uint8Array };

// JSON and the arrays that it refers to, as {array, shape}.
export function unpack(buffer) {
  const n = new DataView(buffer).getUint32(0, true);
  const start = Math.ceil((4 + n) / 8) * 8;
  return JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, n)), (key, value) => {
    if (value === null || typeof value !== "object" || value.at === undefined || !value.type)
      return value;
    const size = value.shape.reduce((a, b) => a * b, 1);
    return { array: new KINDS[value.type](buffer, start + value.at, size), shape: value.shape };
  });
}

// The name by which the server knows the game again after a torn connection or a reload.
export function session(name) {
  const key = `numpygan ${name} ${location.pathname}`;
  const known = sessionStorage.getItem(key);
  if (known) return known;
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  sessionStorage.setItem(key, id);
  return id;
}

// connect(id, {message, open, torn}) → {send, close}. A torn connection is tried again, each time a
// little later.
export function connect(id, on) {
  let socket = null,
    wait = 250,
    ended = false;
  const open = () => {
    const address = new URL(`game?session=${id}`, location.href);
    address.protocol = "ws:";
    address.hash = "";
    socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      wait = 250;
      on.open();
    });
    socket.addEventListener("message", (event) => {
      const message = unpack(event.data);
      if (message.final) ended = true;
      on.message(message);
    });
    socket.addEventListener("close", () => {
      if (ended) return;
      on.torn();
      setTimeout(open, wait);
      wait = Math.min(5000, 2 * wait);
    });
  };
  open();
  return {
    send: (command) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(command)),
    close: () => {
      ended = true;
      socket.close();
    },
  };
}
