"""An HTTP server on loopback that answers as badly as a test asks it to.

`server.serve(path, answer, ...)` plays the answers one after the other and repeats the last. An
answer is a function of the request handler. Unknown paths are answered with 404.
"""

import contextlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    def __init__(self):
        self.pages, self.requests, self.stopped = {}, [], threading.Event()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"server_of_test": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def serve(self, path, *answers):
        self.pages[path] = list(answers)
        return path if "://" in path else self.url + path

    def next_answer(self, path, headers):
        with self._lock:
            self.requests.append((path, headers.get("Range")))
            answers = self.pages.get(path, [status(404)])
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def close(self):
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        # A client that goes away, as some tests make it do, is no error of the server.
        with contextlib.suppress(ConnectionError):
            self.server_of_test.next_answer(self.path, self.headers)(self)

    def log_message(self, *args):
        pass

    def start(self, code=200, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


def content(data, **headers):
    def answer(handler):
        handler.start(Content_Length=len(data), **headers)
        handler.wfile.write(data)

    return answer


def status(code):
    return lambda handler: handler.send_error(code)


def html(text="<!DOCTYPE html><html><title>Log in</title></html>"):
    return content(text.encode(), Content_Type="text/html")


def redirect(address):
    return lambda handler: handler.start(302, Location=address, Content_Length=0)


def silence(handler):
    """Take the request and never answer."""
    handler.server_of_test.stopped.wait(30)


def cut(data, after):
    """Promise all of the data and hang up after some bytes."""
    def answer(handler):
        handler.start(Content_Length=len(data))
        handler.wfile.write(data[:after])

    return answer


def trickle(data, pause=0.05, step=1, announce=True):
    def answer(handler):
        handler.start(**({"Content_Length": len(data)} if announce else {}))
        for start in range(0, len(data), step):
            handler.wfile.write(data[start : start + step])
            if handler.server_of_test.stopped.wait(pause):
                return

    return answer


def wait_halfway(data, event):
    """Send half of the data, and the rest when the test says so."""
    def answer(handler):
        handler.start(Content_Length=len(data))
        handler.wfile.write(data[: len(data) // 2])
        event.wait(120)
        handler.wfile.write(data[len(data) // 2 :])

    return answer


def resumable(data, at_most=None, pause=0.0, step=1 << 14):
    """Answer Range requests; hang up after `at_most` bytes; rest after each `step` of them."""
    def answer(handler):
        wanted = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range") or "")
        start = int(wanted[1]) if wanted else 0
        if wanted and start >= len(data):
            handler.start(416, Content_Range=f"bytes */{len(data)}", Content_Length=0)
            return
        headers = {"Content_Length": len(data) - start, "Accept_Ranges": "bytes"}
        if wanted:
            headers["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        handler.start(206 if wanted else 200, **headers)
        end = len(data) if at_most is None else min(len(data), start + at_most)
        for place in range(start, end, step):
            handler.wfile.write(data[place : min(place + step, end)])
            if pause and handler.server_of_test.stopped.wait(pause):
                return

    return answer


# ---- Answers to the byte ------------------------------------------------------------------------


def raw(data):
    """Send these bytes as they are, status line and headers included, and hang up."""
    return lambda handler: handler.wfile.write(data)


def reply(body=b"", code=200, **headers):
    """Send headers as they are given, whether or not they fit the body."""
    lines = [f"HTTP/1.1 {code} As it may be", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body)


def endless(first=b"", block=bytes(1 << 16), at_most=1 << 26, code=200, **headers):
    """Never stop sending: the client has to. (A limit keeps a client that does not from harm.)"""
    def answer(handler):
        reply(first, code, **headers)(handler)
        for _ in range(at_most // len(block)):
            handler.wfile.write(block)

    return answer
