"""What a crawl of any forum that answers in JSON must give: one suite for all engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.sample.forum import SitePage
from tests.site.crawl import Crawled
from tests.site.pages import crawl, serve
from tests.site.store import RECHECK, keeping, kept
from tests.site.topics import Board, denied, empty_list, reply, sample

LINES = 'boards = [{ id = "7", name = "健康", region = "四川成都" }]\n'


class TopicCases:
    """Subclass with the engine's name and the address of a thread's page."""

    engine: str
    thread_path: str  # with {thread} and {page}
    address: str

    def crawl(self, folder: Path, board: Board, lines: str = "") -> Crawled:
        with serve(board.pages) as site:
            return crawl(folder, site, self.engine, LINES + lines)

    def test_reads_every_post(self, tmp_path: Path) -> None:
        crawled = self.crawl(tmp_path, sample(self.engine))
        # 45 + 1 + 5, less a notice and a hidden post
        assert (crawled.run.outcome, len(crawled.posts)) == ("ok", 49)
        assert crawled.run.totals.withheld == 1
        assert crawled.run.totals.listed == 7

    def test_first_post_of_a_thread(self, tmp_path: Path) -> None:
        board = sample(self.engine)
        with serve(board.pages) as site:
            crawled = crawl(tmp_path, site, self.engine, LINES)
            url = site.url
        post = crawled.post("t11")
        assert (post.title, post.text) == ("陪妈妈看膝盖的经过", "妈妈膝盖疼，武侯区哪里看？")
        assert post.published_at == board.threads[0].posts[0].at
        assert (post.thread_id, post.floor, post.query, post.likes, post.replies) == ("11", 1, "健康", 3, 44)
        assert [hint.text for hint in post.place_hints] == ["四川成都"]
        assert post.url == url + self.address
        assert len(post.author_key) == 22

    def test_replies_have_their_own_words_only(self, tmp_path: Path) -> None:
        crawled = self.crawl(tmp_path, sample(self.engine))
        post = crawled.post("p9002")
        assert (post.text, post.floor, post.title) == ("第 2 层，牙龈\n有点肿", 2, "")
        assert not [post for post in crawled.posts if "别人的话" in post.text]
        assert "网友" not in repr(crawled.posts)

    def test_a_reply_costs_lists_and_the_last_page(self, tmp_path: Path) -> None:
        board = sample(self.engine)
        with serve(board.pages) as site:
            crawl(tmp_path, site, self.engine, LINES)
            reply(board, 11)
            second = crawl(tmp_path, site, self.engine, LINES)
        lists = 1 if self.engine == "flarum" else 2  # the replica's lists are short, and Flarum's is not
        assert len(second.paths) == 1 + lists + 1
        assert self.thread_path.format(thread=11, page=3, offset=40) in second.paths
        assert (second.run.totals.posts_new, second.run.totals.posts_known) == (1, 5)

    def test_deletions_hide_nothing(self, tmp_path: Path) -> None:
        """45 posts on three pages; thirty go, one comes: the third page is no more."""
        board = sample(self.engine)
        with serve(board.pages) as site:
            crawl(tmp_path, site, self.engine, LINES)
            del board.threads[0].posts[10:40]
            reply(board, 11)
            second = crawl(tmp_path, site, self.engine, LINES)
        assert "新的一层" in [post.text for post in second.posts]
        assert second.run.outcome == "ok"

    def test_a_web_page_instead_is_told_apart(self, tmp_path: Path) -> None:
        for name, title, outcome in (
            ("a", "请登录", "refused"),
            ("b", "安全验证", "blocked"),
            ("c", "社区首页", "failed"),
        ):
            page = SitePage(body=f"<html><title>{title}</title></html>".encode())
            folder = tmp_path / name
            folder.mkdir()
            with serve(lambda asked, page=page: page) as site:
                crawled = crawl(folder, site, self.engine, LINES)
            assert crawled.run.outcome == outcome

    def test_json_of_another_shape_is_loud(self, tmp_path: Path) -> None:
        page = SitePage(body=b'{"message": "hello"}', headers={"Content-Type": "application/json"})
        with serve(lambda asked: page) as site:
            crawled = crawl(tmp_path, site, self.engine, LINES)
        assert crawled.run.outcome == "failed"
        assert "没有" in crawled.run.reason

    def test_a_key_that_stands_twice_is_loud(self, tmp_path: Path) -> None:
        page = SitePage(body=b'{"topics": [], "topics": [], "data": [], "data": []}')
        with serve(lambda asked: page) as site:
            crawled = crawl(tmp_path, site, self.engine, LINES)
        assert crawled.run.outcome == "failed"
        assert "重复的键" in crawled.run.reason

    def test_a_forum_that_wants_a_login_is_blocked(self, tmp_path: Path) -> None:
        with serve(lambda asked: SitePage(status=403, body=b'{"errors":[]}')) as site:
            crawled = crawl(tmp_path, site, self.engine, LINES)
        assert (crawled.run.outcome, crawled.paths.count("/robots.txt")) == ("blocked", 1)

    @pytest.mark.parametrize("status", [401, 403])
    def test_every_board_is_told_as_read_refused_or_empty_as_it_is(self, tmp_path: Path, status: int) -> None:
        """What guests may not see is refused, and hides nothing of the boards beside it."""
        board = sample(self.engine)
        board.others = {"8": denied(self.engine, status), "9": empty_list(self.engine)}
        with serve(board.pages) as site:
            crawled = crawl(tmp_path, site, self.engine, 'boards = ["8", "7", "9"]\n')
        assert (crawled.run.outcome, len(crawled.posts)) == ("ok", 49)
        assert (crawled.run.totals.refused, crawled.run.totals.failed) == (1, 0)
        lists = crawled.run.lists
        assert {group: came.outcome for group, came in lists.items()} == {
            "board:7": "ok",
            "board:8": "refused",
            "board:9": "empty",
        }
        assert lists["board:7"].listed == 7
        assert lists["board:8"].reason.startswith(f"HTTP {status}：")

    def test_a_forum_of_refused_and_empty_boards_is_not_refused_as_a_whole(self, tmp_path: Path) -> None:
        others = {"7": denied(self.engine, 403), "9": empty_list(self.engine)}
        with serve(Board(engine=self.engine, others=others).pages) as site:
            crawled = crawl(tmp_path, site, self.engine, 'boards = ["7", "9"]\n')
        assert (crawled.run.outcome, crawled.run.reason) == ("empty", "页面正常，但没有主题；另有 1 处被拒绝")

    def test_an_empty_board_is_empty(self, tmp_path: Path) -> None:
        crawled = self.crawl(tmp_path, Board(engine=self.engine))
        assert crawled.run.outcome == "empty"

    def test_what_is_gone_at_the_source_is_gone_here_and_edits_follow(self, tmp_path: Path) -> None:
        """Thirty posts of the long thread go, so that its third page is no more, and a whole thread."""
        board = sample(self.engine)
        with serve(board.pages) as site:
            crawl(tmp_path, site, self.engine, LINES, *keeping(tmp_path))
            before = kept(tmp_path)
            del board.threads[0].posts[10:40]
            board.threads[0].posts[1].html = "<p>改过了</p>"
            board.threads = [thread for thread in board.threads if thread.id != 21]
            checked = crawl(tmp_path, site, self.engine, LINES, *keeping(tmp_path), *RECHECK)
            again = crawl(tmp_path, site, self.engine, LINES, *keeping(tmp_path), *RECHECK)
        after = kept(tmp_path)
        assert set(before) - set(after) == {"t21", *(f"p{9000 + n}" for n in range(11, 41))}
        assert (after["p9002"], after["p9041"]) == ("改过了", before["p9041"])
        assert (checked.run.outcome, checked.run.totals.posts_gone) == ("ok", 31)
        assert (checked.run.totals.posts_changed, again.run.totals.posts_gone) == (1, 0)

    def test_a_cap_is_truncated(self, tmp_path: Path) -> None:
        crawled = self.crawl(tmp_path, sample(self.engine), "max_thread_pages = 2")
        assert (crawled.run.outcome, crawled.run.reason) == ("truncated", "只读了前 2 页楼层")
