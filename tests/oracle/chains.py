"""The certificates, as tests/oracle/certificates printed them, and the chains that servers present of them."""
import collections
import itertools

Certificate = collections.namedtuple("Certificate", "label issuer key signature begin end der spki")


def read_certificates(text):
    """All certificates by label; see certificate_print in recipe.h."""
    found = {}
    for line in text.splitlines():
        label, issuer, key, signature, begin, end, der, spki = line.split("\t")
        found[label] = Certificate(label, issuer, key, signature, int(begin), int(end), bytes.fromhex(der), bytes.fromhex(spki))
    return found


def way_up(certificates, label):
    """The certificate, its issuer, and so on to one that signed itself."""
    way = [label]
    while certificates[way[-1]].issuer != way[-1]:
        way.append(certificates[way[-1]].issuer)
    return way


# Chains that are more than one certificate and its way up. The first certificate is the server's.
OTHERS = """
    leaf                                leaf,int                            leaf,root
    leaf-of-root                        leaf-of-sub,sub,int                 leaf-of-sub,int,root
    leaf-of-sub,root,int,sub            leaf-of-sub,int,sub,root            leaf-of-sub,sub,root
    leaf,leaf,int,root                  leaf,int,int,root                   leaf,int,root,root
    leaf,root,int,root                  leaf,int,root,leaf                  leaf-of-root,root,root
    leaf,int,root,alien                 leaf,alien,int,root                 leaf,alien-leaf,int,root
    leaf,alien-leaf,alien               leaf,int,alien                      leaf,n-other,int,root
    leaf,sub,int,root                   leaf,leaf-of-root,int,root          self,root
    self,self-other                     self,self-twin                      self-twin,self
    self-expired,self                   self,self                           alien,leaf,int,root
    leaf,int,root,w-cross,alien         leaf,w-cross,alien,int,root         leaf,w-cross,int,alien,root
    leaf,int,w-cross,root,alien         leaf,w-cross,alien                  leaf,w-cross
    leaf,int,w-cross                    leaf,w-cross-old,alien,int,root     leaf,int,root,w-cross-old,alien
    leaf,w-cross-old,alien              leaf,int,w-root-cross,alien         leaf,int,w-root-cross
    leaf,int,root,w-root-cross,alien    leaf,int,w-root-cross,root,alien    leaf,int,alien,w-root-cross
    leaf,int,w-root-renewed             leaf,int,w-root-past                leaf,int,w-root-past,root
    leaf,int,root,w-root-past           leaf,int,root,w-root-renewed        leaf,int,w-root-renewed,root
    leaf,int,w-root-rolled              leaf,int,w-root-rolled,root         leaf,int,root,w-root-rolled
    w-int-bare-leaf,w-int-bare,w-root-rolled-bare,root
    w-int-bare-leaf,w-int-bare,root,w-root-rolled-bare
    w-leaf-bare,int,w-root-rolled-bare  w-int-bare-leaf,w-int-bare          w-int-bare-leaf
    w-circle-leaf,w-circle-a,w-circle-b2                w-circle-leaf,w-circle-b2,w-circle-a
    w-circle-leaf,w-circle-a,w-circle-b2,w-circle-b,root
    w-circle-leaf,w-circle-a,w-circle-b,w-circle-b2,root
    t-leaf-of-old,t-int-old             t-leaf-of-root-old                  t-leaf-of-int-of-root-old,t-int-of-root-old
    c-len0-int-leaf,c-len0-int          x-root-leaf,x-root-int              k-foreign,int,alien,root
    k-foreign,alien,int,root            k-broken,int                        x-unknown-root-leaf
    n-cn,int                            n-cn-san,int                        x-elsewhere-leaf,x-elsewhere
    k-broken-root-leaf                  k-rsa1024-leaf                      c-root-v1-leaf
    c-root-bare-leaf                    c-root-no-sign-leaf                 u-root-client-leaf
    leaf,int,root,l-1,l-2,l-3,l-4,l-5,l-6,l-7           leaf,int,root,l-1,l-2,l-3,l-4,l-5,l-6,l-7,l-8
    leaf,l-8,l-7,l-6,l-5,l-4,l-3,l-2,int,root           leaf,k-rsa8192,int,root
    leaf,k-rsa8200,int,root             leaf,n-many,int,root                leaf,n-many-max,int,root
    leaf,k-ed448-root,int,root          leaf,k-md5,int,root                 k-rsa2048
"""


def all_chains(certificates):
    """Every chain, a tuple of labels each: the way up of every certificate that issued no other, with and without its
    end, and others."""
    issuers = {certificate.issuer for certificate in certificates.values() if certificate.issuer != certificate.label}
    ways = [tuple(way_up(certificates, label)) for label in certificates if label not in issuers]
    chains = ways + [way[:-1] for way in ways if len(way) > 1 and not way[0].startswith("n-")]
    chains += [tuple(chain.split(",")) for chain in OTHERS.split()]
    chains += itertools.permutations(("leaf", "int", "root"))
    return list(dict.fromkeys(chains))
