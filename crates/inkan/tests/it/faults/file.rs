//! A damaged database file: refused at the start, with the way back (score item 102).

use std::{fs, path::Path};

use crate::support::{AppBuilder, Engine, TestUser, run};

/// What is done to the file.
type Damage = (&'static str, fn(&Path));

const DAMAGES: &[Damage] = &[
    ("another file", |file| fs::write(file, "not a database at all ".repeat(4000)).unwrap()),
    ("cut in the middle", |file| cut(file, fs::metadata(file).unwrap().len() / 2)),
    ("cut in the header", |file| cut(file, 60)),
    ("cut to nothing", |file| cut(file, 0)),
    ("header flipped", |file| overwrite(file, 16, &[0xff; 8])),
    ("schema flipped", |file| overwrite(file, 100, &[0xa5; 12])),
    ("torn page", |file| overwrite(file, 3 * 4096, &[0; 2048])),
    ("pages flipped", |file| {
        for page in 2..fs::metadata(file).unwrap().len() / 4096 {
            overwrite(file, page * 4096 + 1, &[0x5a; 7]);
        }
    }),
];

fn cut(file: &Path, length: u64) {
    fs::OpenOptions::new().write(true).open(file).unwrap().set_len(length).unwrap();
}

fn overwrite(file: &Path, offset: u64, bytes: &[u8]) {
    use std::os::unix::fs::FileExt as _;
    fs::OpenOptions::new().write(true).open(file).unwrap().write_all_at(bytes, offset).unwrap();
}

async fn damaged(app: AppBuilder) {
    let app = app.config(super::UNLIMITED).start().await;
    let user: TestUser = app.user("ada@example.com").password("correct horse").create().await;
    let token = app.token(&user).await;
    let file = app.data_dir().join("inkan.db");
    let mut app = app.stop().await;
    let backup = fs::read(&file).unwrap();
    for (what, damage) in DAMAGES {
        damage(&file);
        let error =
            app.clone().try_start().await.err().unwrap_or_else(|| panic!("{what}: it starts")).to_string();
        assert!(error.contains(&file.display().to_string()), "{what}: {error}");
        assert!(error.contains("damaged") && error.contains("docs/guide/operations.md"), "{what}: {error}");
        fs::write(&file, &backup).unwrap();
        for companion in ["inkan.db-wal", "inkan.db-shm"] {
            let _ = fs::remove_file(file.with_file_name(companion));
        }
        let restored = app.start().await;
        restored.expect_errors();
        assert_eq!(restored.get("/me").bearer(&token).await.status, 200, "{what}");
        restored.token(&user).await;
        app = restored.stop().await;
        fs::write(&file, &backup).unwrap();
    }
}

mod s102_a_damaged_file_is_refused_and_restored {
    #[test]
    fn sqlite() {
        super::run(super::Engine::Sqlite, super::damaged);
    }
}
