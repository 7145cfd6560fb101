import hashlib
import ssl
import stat
from pathlib import Path

from foodcls.photograph.certificate import write_certificate


def test_the_fingerprint_is_the_certificates_and_the_key_is_nobody_elses(tmp_path: Path) -> None:
    certificate, key, fingerprint = write_certificate("127.0.0.1", tmp_path)
    seen = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()
    assert fingerprint.replace(":", "").lower() == seen
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    # the two belong together
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
