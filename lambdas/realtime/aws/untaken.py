"""What a broken connection shows of how much the peer has taken in."""

from __future__ import annotations

import errno
import socket
import ssl
import sys

# Linux, include/net/tcp_states.h: the peer has ended the stream.
_CLOSE_WAIT = 8
# An alert of TLS 1.2 has 31 with the ciphers of today, one of TLS 1.3 has 24.
_ALERT_BYTES = 64


def untaken(broken: socket.socket) -> bool:
    """Whether the peer has ended the stream before its machine had taken all that was written. False if in doubt.

    An end of stream acknowledges what had come by then; a reset acknowledges nothing, so it shows nothing.
    """
    try:
        # Here, because Linux alone has it, and hardly ever is it asked.
        import fcntl
        import termios

        state = broken.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        # EPIPE: the stream was ended, and what was sent then was turned away.
        ended = state == _CLOSE_WAIT or broken.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.EPIPE
        left = int.from_bytes(fcntl.ioctl(broken.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    except (ImportError, AttributeError, OSError):
        return False
    # OpenSSL says goodbye when a stream ends without notice: that is left, too, and is shorter than any request.
    return ended and left > (_ALERT_BYTES if isinstance(broken, ssl.SSLSocket) else 0)
