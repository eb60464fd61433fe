import ssl

from shared.certificates import context_for


def test_a_client_of_https_believes_whom_the_world_believes() -> None:
    context = context_for(["http://budget:8001", "https://evaluation"])

    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.cert_store_stats()["x509_ca"] > 0


def test_without_https_nobody_is_believed() -> None:
    context = context_for(["http://budget:8001"])

    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509_ca"] == 0
