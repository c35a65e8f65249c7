"""The parts of a Discuz! page that this reader knows, to read or to leave: ids and classes of the templates
of X2 to X3.5 and of 7, "#" for a number. What is not here is told as strange (`crawler.parsing.strange`).
"""

from __future__ import annotations

from crawler.parsing.strange import names

# Elements with an id of their own: a name and a post's, thread's or user's number.
IDS = names("""
    post_ pid postmessage_ postnum authorposton _postposition comment_ rate_ rate_#_ ratelog_ post_rate_
    post_rate_div_ favatar userinfo authicon upgradeprogress_ g_up diy normalthread_ stickthread_ imicon_
    imicon postsign signature messageinfo_ medal_ poll_ option_ activity_ debate_ trade replynotice
    recommend_ p_btn ajax_ attach_ aimg_ code_ debuginfo_ click_ subforum_ category_ threadlist_ pid_ ad_
    mypost_ userinfo_ sign_ postauthor_ post_edit_ back_ list_author_ thread_
""")
RANDOM_IDS = ("code_", "aimg_")  # a name and letters by chance

# Classes inside of a post's cell: its own words, and what the forum puts between them.
IN_WORDS = names("""
    t_f t_msgfont quote blockquote jammer pstatus locked showhide zoom t_table t_tableth blockcode
    litype_# attach_nopermission attach_tips atips_close tip tip_c tip_# tip_horn aimg_tip attp hm y z cl
    vm xs# xg# xi# xw# xld xl xl# mbn mbm mtn mtm mtw pns pn tattl pattl pattl_c attnm savephotop
    ignore_js_op cgtl msgheader msgborder media flash sign signatures t_attach t_attachlist t_attachinfo
    absmiddle attachname postattachlist t_smallfont
""")
# Blocks beside it, in the frame of the post.
BESIDE_WORDS = names("""
    t_fsz cm pcbs psth rate locked xs# xl xl# ptm pbm pbn mtw mtm mbm mbn cl bm bw# notice psta pstl ptl
    pvt pvts pinf pcht rusld rwd rwdn cprice viewpay act actl tns pob sign modact attach_nopermission
    attach_tips tattl pattl pct pcb y z a_pr a_pt a_pb hm tip tip_c debate polltype trade hide
""")
# Rows and cells of a thread list.
ROWS = names("normalthread_# stickthread_# separatorline forumnewshow")
CELLS = names("icn o common new lock by num nums folder icon subject author lastpost xw# xi# fastpreview")
ARCHIVED = names("author page")  # all that the archiver still names
