"""Authors without names: a keyed hash, and what kind of author wrote a post.

Names, numbers and avatars stop here. A plain hash of a numeric user id can be undone by trying all
numbers, so the hash is keyed with the installation's own secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from crawler.items import AuthorKind
from crawler.parsing.pseudonyms import read_key

_LENGTH = 22  # 22 characters of base64 carry 132 bits, more than enough to tell authors apart

# "北京某医院口腔科主任医师" is a person of the trade; "某某口腔医院" is an institution.
_PROFESSIONAL_TITLE = re.compile(
    r"医师|药师|护士长?|治疗师|营养师|咨询师|规培|住院医|主任医|科主任|医学博士|医生"
)
_PROFESSIONAL_NICK = re.compile(
    r"(?:医生|医师|大夫|牙医|药师|护士|护士长|(?<!班)主任|中医师|营养师|治疗师|咨询师)$"
    r"|^(?:牙医|口腔医生|中医师?|皮肤科|口腔科|儿科|妇产科|眼科|骨科|正畸|种植牙?)(?:医生|医师|大夫|护士)?[^的怕吧吗不没]{0,4}$"
)
_INSTITUTION = re.compile(
    r"(?:医院|诊所|门诊|门诊部|卫生院|卫生服务中心|医疗|口腔|齿科|药房|药店|公司|集团|旗舰店|专卖店|工作室)$|官方|官微"
)
# What in a nick says as much about the post as about its author: what is wrong, where, with whom.
_WORDS = re.compile(
    r"疼|痛|炎|病|症|癌|瘤|痒|痘|疹|疤|出血|溃疡|过敏|失眠|脱发|近视|怀孕|备孕|减肥|体检|手术|看牙|牙齿|智齿|蛀|龋|牙套"
    r"|[种拔补洗镶烤]牙|种植|矫正|正畸|根管|口腔|齿科|牙科|牙医|医院|诊所|门诊|医美|整形|美容|医生|医师|大夫|主任|护士|药"
    r"|(?:省|市|区|县|镇|乡|村|路|街|人|店|馆|中心)$"
)
# "回复@某某:" and "回复 某某 :", which sites write before an answer; "回复很慢：" is the writer's own.
_ADDRESSEE = re.compile(r"^\s*回复(?:\s*@[\w\-·]{1,40}|\s+\S{0,40}?)?\s*[:：]\s*")
_ORGANISATION_BADGE = re.compile(r"蓝\s*[vV]|企业|机构|政府|媒体|官方|organi[sz]ation")


def author_key(secret: bytes, source: str, user_id: str) -> str:
    """Stable pseudonym of one author of one source: 22 url-safe characters, or "" for no user id; under a key
    that was changed (`crawler.parsing.pseudonyms`) 45 and more.

    HMAC-SHA256 over source and id, so the same number on two sites gives two keys, and nobody without
    `secret` can go back.

    Raises:
        ValueError: `secret` is empty, which would make the hash guessable.
    """
    if not secret:
        raise ValueError("author_key needs a secret")
    if not user_id:
        return ""
    message = f"{source}\0{user_id}".encode("utf-8", "surrogatepass")
    key = read_key(secret)
    if key is None:
        return _hashed(secret, message)
    return key.pseudonym(_hashed(key.first, message).encode() if key.first else message)


def _hashed(secret: bytes, message: bytes) -> str:
    digest = hmac.digest(secret, message, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode("ascii")[:_LENGTH]


def author_kind(*, nick: str = "", badge: str = "", reason: str = "", known: bool = False) -> AuthorKind:
    """What kind of author this is, from what the site says about them; nothing of it is kept.

    `badge` is the site's verification label ("蓝V", "普通用户"), `reason` its verification text,
    `known` whether the file names an author at all: without one the answer is "unknown".
    """
    if _ORGANISATION_BADGE.search(badge):
        return "organisation"
    if _PROFESSIONAL_TITLE.search(reason) or _PROFESSIONAL_NICK.search(nick):
        return "professional"
    if _INSTITUTION.search(reason) or _INSTITUTION.search(nick):
        return "organisation"
    return "person" if known or nick or badge else "unknown"


def without_own_name(text: str, nick: str, kind: AuthorKind) -> str:
    """`text` with its author's own name as "@某人", where the author is a private person and it is a name.

    A site shows the name beside the text; inside it stands as a signature, a tag, the name of one's comic.
    What is ordinary words as well (`_is_name`) stays: nobody can tell which it is. With an @ before it, it is
    masked with all other names (`nlp.pii`).
    """
    name = nick.strip()
    if kind in ("professional", "organisation") or not _is_name(name) or text.strip() == name:
        return text
    begin = "(?<![a-zA-Z0-9_])" if name[0].isascii() else ""
    end = "(?![a-zA-Z0-9_])" if name[-1].isascii() else ""
    return re.sub(rf"(?<!@){begin}{re.escape(name)}{end}", "@某人", text)


def without_addressee(text: str) -> str:
    """An answer without whom it answers: a name, not a thought."""
    return _ADDRESSEE.sub("", text)


def _is_name(nick: str) -> bool:
    """Names of two characters and the words of a complaint, a place or a house are none."""
    if nick.isascii():
        return len(nick) >= 4 and not (nick.isdigit() and len(nick) < 6)
    return len(nick) >= 3 and not _WORDS.search(nick)


def weibo_badge(verified_type: object) -> str:
    """Weibo's `verified_type` number as a badge: 1 to 7 are governments, companies, media, schools,
    sites, apps and bodies ("蓝V"); 0 and 200 and up are persons; -1 is nobody."""
    try:
        number = int(str(verified_type))
    except ValueError:
        return ""
    return "蓝V" if 1 <= number <= 7 else ""
