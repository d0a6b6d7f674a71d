# tests/system/certificates.py: authorities and the certificates that they issue, made by openssl at the start of a test.
# Not here: who shows and who checks them.
import pathlib
import subprocess

CONFIG = """[ca]
default_ca = this
[this]
database = FOLDER/index.txt
serial = FOLDER/serial
crlnumber = FOLDER/crlnumber
new_certs_dir = FOLDER
certificate = FOLDER/authority.pem
private_key = FOLDER/authority.key
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed:\n{done.stderr}")


def make_key(path):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", path)
    return path


class Authority:
    """Issues certificates, and takes them back."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir(parents=True)
        self.config = self.folder / "openssl.cnf"
        self.config.write_text(CONFIG.replace("FOLDER", str(self.folder)))
        (self.folder / "index.txt").touch()
        (self.folder / "serial").write_text("01\n")
        (self.folder / "crlnumber").write_text("01\n")
        self.certificate = self.folder / "authority.pem"
        key = make_key(self.folder / "authority.key")
        openssl("req", "-x509", "-new", "-config", self.config, "-extensions", "authority", "-key", key, "-days", 30,
                "-subj", f"/CN={name}", "-out", self.certificate)

    def issue(self, name, names="", purpose="serverAuth", start=None, end=None):
        """A certificate and its key, for `names` such as "DNS:localhost,IP:127.0.0.1". Times: YYMMDDHHMMSSZ."""
        key, request, certificate, extensions = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "pem", "ext"))
        make_key(key)
        openssl("req", "-new", "-config", self.config, "-key", key, "-subj", f"/CN={name}", "-out", request)
        extensions.write_text(f"extendedKeyUsage = {purpose}\n" + (f"subjectAltName = {names}\n" if names else ""))
        times = (["-startdate", start] if start else []) + (["-enddate", end] if end else [])
        openssl("ca", "-batch", "-notext", "-config", self.config, "-in", request, "-extfile", extensions, "-out", certificate, *times)
        return certificate, key

    def revoke(self, certificate):
        openssl("ca", "-config", self.config, "-revoke", certificate)

    def revocations(self):
        """The list of what it has taken back so far."""
        path = self.folder / "crl.pem"
        openssl("ca", "-config", self.config, "-gencrl", "-out", path)
        return path


def self_signed(folder, name, names):
    certificate, key = pathlib.Path(folder) / f"{name}.pem", make_key(pathlib.Path(folder) / f"{name}.key")
    openssl("req", "-x509", "-new", "-key", key, "-days", 30, "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}",
            "-out", certificate)
    return certificate, key
